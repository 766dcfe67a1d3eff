//! The import of authorizations and bindings as JSON lines.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::audit::{Actor, AuditAction, NewAuditEntry};
use crate::authorization::ImportedAuthorization;
use crate::domain::{CorpId, OrganizationCode, Principal, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::members::{BindingChange, ImportedBinding};
use crate::services::admin::import_line::{BindingLine, CorpLine, ImportLine};
use crate::services::admin::{AdminDeps, AdminService};

/// The most bytes that the import takes at a time: some seconds of work. Longer files are imported in parts.
pub const MAX_IMPORT_BYTES: usize = 1 << 20;
/// The most lines, blank ones apart, that the import takes at a time.
pub const MAX_IMPORT_LINES: usize = 20_000;
/// Bindings that are stored in one transaction.
const BINDING_BATCH: usize = 400;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImportStatus {
    /// It is wrong, and changed nothing.
    Error,
    /// It was imported, or would be.
    Ok,
    /// It was imported before.
    Unchanged,
}

/// The result of one line of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImportedLine {
    /// Its number, from 1.
    pub line: u64,
    /// What became of it.
    pub status: ImportStatus,
    /// The code of its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What is wrong with it, without its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

type LineResult = Result<ImportStatus>;

impl AdminService {
    /// Imports JSON lines of two kinds, in any order:
    ///
    /// - `{suiteId, corpId, permanentCode, agentId?, orgCode?}`, an authorization. `aliases` (10 at most), `corpName`,
    ///   `status` (`active`, `held`, `refused`), `state` and `installedBy` may be there too, as [`export`](Self::export)
    ///   writes them. Without a `status` what was decided here stays. Without a `permanentCode` the corp has to be
    ///   authorized here. A permanent code of a callback that came here is replaced only if it works no more.
    /// - `{suiteId, corpId, thirdUserId, userId}`, the user of your app that a member is bound to, in our auth model. `aliases`
    ///   are other userids of the member, `encryptedUserId` the one that the member will have.
    ///
    /// Ids may be plain or encrypted. Each line is imported by itself: a wrong one changes nothing and stops no other, and
    /// one that was imported before is [`Unchanged`](ImportStatus::Unchanged), so that an import that was cut off is
    /// repeated. With `dry_run` nothing is stored and WeCom is not asked. A blank line has no result.
    ///
    /// ```no_run
    /// # async fn import(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// let lines = br#"{"suiteId":"dk1234567890abcdef","corpId":"ww1234567890abcdef","permanentCode":"from the old table"}"#;
    /// for line in login.admin().import(&lines[..], false).await? {
    ///     println!("{}: {:?} {:?}", line.line, line.status, line.detail);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `BODY_TOO_LARGE`: more than [`MAX_IMPORT_BYTES`]. `API_PARAMS_ERROR`: more than [`MAX_IMPORT_LINES`]. `STORE_UNAVAILABLE`: some lines may be imported; repeat it.
    #[doc(alias = "import_authorization")]
    pub async fn import(
        &self,
        lines: impl Into<Vec<u8>>,
        dry_run: bool,
    ) -> Result<Vec<ImportedLine>> {
        let lines: Vec<u8> = lines.into();
        if lines.len() > MAX_IMPORT_BYTES {
            return Err(Error::new(
                ErrorKind::BodyTooLarge,
                "an import has 1 MiB at most: import the file in parts",
            ));
        }
        let filled = lines.split(|byte| *byte == b'\n');
        let filled = filled.filter(|line| !line.trim_ascii().is_empty());
        if filled.count() > MAX_IMPORT_LINES {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "an import has 20000 lines at most: import the file in parts",
            ));
        }
        let actor = self.actor();
        self.run(|deps| async move {
            let mut import = Import::new(&deps, actor, dry_run);
            let mut bindings = Vec::new();
            for (number, line) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
                if line.trim_ascii().is_empty() {
                    continue;
                }
                match ImportLine::parse(line.trim_ascii()) {
                    Ok(ImportLine::Corp(corp)) => {
                        let result = import.corp(&corp).await;
                        import.set(number, result)?;
                    }
                    Ok(ImportLine::Binding(binding)) => bindings.push((number, binding)),
                    Err(error) => import.set(number, Err(error))?,
                }
            }
            if import.wrote_corps {
                deps.authorizations.load_aliases().await?;
            }
            for batch in bindings.chunks(BINDING_BATCH) {
                import.bindings(batch).await?;
            }
            Ok(import.finish())
        })
        .await
    }
}

/// An import that is under way.
struct Import<'a> {
    deps: &'a AdminDeps,
    actor: Actor,
    dry_run: bool,
    /// Whether WeCom is asked for the other ids of corps.
    asks_wecom: bool,
    wrote_corps: bool,
    /// The corps of the lines of a dry run, which are not stored.
    named: HashSet<(SuiteId, CorpId)>,
    /// The corps that the lines of a dry run give organization codes to, by their ids.
    codes: HashMap<Vec<u8>, HashSet<(SuiteId, CorpId)>>,
    results: BTreeMap<u64, ImportedLine>,
}

impl<'a> Import<'a> {
    fn new(deps: &'a AdminDeps, actor: Actor, dry_run: bool) -> Self {
        Self {
            deps,
            actor,
            dry_run,
            asks_wecom: !dry_run,
            wrote_corps: false,
            named: HashSet::new(),
            codes: HashMap::new(),
            results: BTreeMap::new(),
        }
    }

    fn finish(self) -> Vec<ImportedLine> {
        self.results.into_values().collect()
    }

    /// # Errors
    /// The database does not answer, which is no fault of the line.
    fn set(&mut self, line: u64, result: LineResult) -> Result<()> {
        let (status, error) = match result {
            Ok(status) => (status, None),
            Err(error) if error.kind() == ErrorKind::StoreUnavailable => return Err(error),
            Err(error) => (ImportStatus::Error, Some(error)),
        };
        let imported = ImportedLine {
            line,
            status,
            code: error.as_ref().map(|error| error.kind().code()),
            detail: error.map(|error| error.detail().to_owned()),
        };
        self.results.insert(line, imported);
        Ok(())
    }

    async fn corp(&mut self, line: &CorpLine) -> LineResult {
        let (deps, suite_id) = (self.deps, &line.suite_id);
        deps.require_suite(Some(suite_id))?;
        let known = self.find_corp(line).await?;
        if let Some(code) = &line.org_code {
            let bearer = deps.organization_codes.find_uncounted(code).await?;
            let is_free = bearer.as_ref().is_none_or(|(suite, corp)| {
                suite == suite_id && (known.as_ref() == Some(corp) || is_named(deps, line, corp))
            });
            if !is_free || self.gave_to_another(line, known.as_ref(), code) {
                return Err(Error::new(
                    ErrorKind::OrgCodeConflict,
                    "another company has this organization code",
                ));
            }
        }
        let mut written = false;
        let stored = match &line.permanent_code {
            Some(code) => {
                let corp_id = known.clone().unwrap_or_else(|| line.corp_id.clone());
                let imported = ImportedAuthorization {
                    agent_id: line.agent_id,
                    corp_name: line.corp_name.clone(),
                    status: line.status,
                    state: line.state.clone(),
                    installed_by: line.installed_by.clone(),
                    ..ImportedAuthorization::new(suite_id.clone(), corp_id.clone(), code.clone())
                };
                if self.dry_run {
                    let found = match &known {
                        Some(known) => deps.authorizations.find(suite_id, known).await?,
                        None => None,
                    };
                    if let Some(found) = &found
                        && !imported.is_stored(found)
                    {
                        imported.check_may_replace(found)?;
                    }
                    written |= !found.is_some_and(|found| imported.is_stored(&found));
                    corp_id
                } else {
                    let entry = NewAuditEntry::new(self.actor.clone(), AuditAction::CorpImported);
                    let mut asks = self.asks_wecom && line.aliases.is_empty();
                    let asked = asks;
                    let import = deps.authorizations.import(&imported, &mut asks, &entry);
                    let (stored, imported) = import.await?;
                    if asked && !asks {
                        self.asks_wecom = false;
                    }
                    written |= imported;
                    stored
                }
            }
            None => known.clone().ok_or_else(|| {
                Error::new(
                    ErrorKind::CorpNotFound,
                    "permanentCode is missing, and the corp is not authorized here",
                )
            })?,
        };
        for alias in line.aliases.iter().chain([&line.corp_id]) {
            if deps
                .authorizations
                .aliases()
                .is_same(suite_id, &stored, alias)
            {
                continue;
            }
            written = true;
            if !self.dry_run {
                let corps = &deps.authorizations;
                corps
                    .store_pair(suite_id, &stored, alias, Some(&self.actor))
                    .await?;
            }
        }
        if let Some(code) = &line.org_code {
            let bearer = deps.organization_codes.find_uncounted(code).await?;
            if bearer.is_none() {
                written = true;
                if !self.dry_run {
                    let actor = self.actor.clone();
                    deps.organization_codes
                        .set(suite_id, &stored, code, actor)
                        .await?;
                }
            }
        }
        self.wrote_corps |= written && !self.dry_run;
        if self.dry_run {
            let ids = ids_of(line, known.as_ref());
            if let Some(code) = &line.org_code {
                let bearer = self.codes.entry(code.key()).or_default();
                bearer.extend(ids.iter().cloned());
            }
            self.named.extend(ids);
        }
        Ok(if written {
            ImportStatus::Ok
        } else {
            ImportStatus::Unchanged
        })
    }

    /// The id that the corp of a line is stored under, by whichever of its ids.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: they are of two corps, which only an administrator joins, one by one.
    async fn find_corp(&self, line: &CorpLine) -> Result<Option<CorpId>> {
        let ids = std::iter::once(&line.corp_id).chain(&line.aliases);
        let mut found: Option<CorpId> = None;
        for corp_id in ids {
            let corps = &self.deps.authorizations;
            let Some(known) = corps.resolve_known(&line.suite_id, corp_id).await? else {
                continue;
            };
            if found.as_ref().is_some_and(|found| *found != known) {
                return Err(Error::new(
                    ErrorKind::ApiParams,
                    "the ids are of two companies here: join them with corps alias",
                ));
            }
            found = Some(known);
        }
        Ok(found)
    }

    /// Whether an earlier line of a dry run gave the organization code to another corp.
    fn gave_to_another(
        &self,
        line: &CorpLine,
        known: Option<&CorpId>,
        code: &OrganizationCode,
    ) -> bool {
        let bearer = self.codes.get(&code.key());
        bearer.is_some_and(|bearer| bearer.is_disjoint(&ids_of(line, known)))
    }

    /// # Errors
    /// The database does not answer.
    async fn bindings(&mut self, lines: &[(u64, BindingLine)]) -> Result<()> {
        let mut resolved: Vec<(u64, ImportedBinding)> = Vec::new();
        let mut corps: HashMap<(SuiteId, CorpId), Result<CorpId>> = HashMap::new();
        for (number, line) in lines {
            let key = (line.suite_id.clone(), line.corp_id.clone());
            let corp_id = match corps.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let found = self.corp_of(line).await;
                    corps.insert(key, found.clone());
                    found
                }
            };
            match corp_id {
                Ok(corp_id) => {
                    let suite_id = line.suite_id.clone();
                    let third_user_id = line.third_user_id.clone();
                    let binding = ImportedBinding {
                        principal: Principal::new(suite_id, corp_id, third_user_id),
                        user_id: line.user_id.clone(),
                        aliases: line.aliases.clone(),
                        encrypted_user_id: line.encrypted_user_id.clone(),
                    };
                    resolved.push((*number, binding));
                }
                Err(error) => self.set(*number, Err(error))?,
            }
        }
        let resolved = self.resolve_members(resolved).await?;
        let mut first: HashMap<Principal, (usize, String)> = HashMap::new();
        let (mut numbers, mut bindings, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        for (number, binding) in resolved {
            match first.get(&binding.principal) {
                Some((index, user_id)) if *user_id == binding.user_id => {
                    repeated.push((number, *index));
                }
                Some(_) => {
                    let detail = "an earlier line binds the same member to another user";
                    self.set(number, Err(Error::new(ErrorKind::ApiParams, detail)))?;
                }
                None => {
                    let seen = (numbers.len(), binding.user_id.clone());
                    first.insert(binding.principal.clone(), seen);
                    numbers.push(number);
                    bindings.push(binding);
                }
            }
        }
        let deps = self.deps;
        let changes = deps
            .members
            .import_bindings(&deps.default_binder, &bindings, &self.actor, self.dry_run)
            .await?;
        for (number, change) in numbers.iter().zip(&changes) {
            let status = match change {
                BindingChange::None => ImportStatus::Unchanged,
                BindingChange::Added | BindingChange::IdsAdded | BindingChange::Replaced => {
                    ImportStatus::Ok
                }
            };
            self.set(*number, Ok(status))?;
        }
        for (number, _) in repeated {
            self.set(number, Ok(ImportStatus::Unchanged))?;
        }
        Ok(())
    }

    /// The id that the corp of a binding is stored under.
    async fn corp_of(&self, line: &BindingLine) -> Result<CorpId> {
        let (suite_id, corp_id) = (&line.suite_id, &line.corp_id);
        self.deps.require_suite(Some(suite_id))?;
        let known = self
            .deps
            .authorizations
            .resolve_known(suite_id, corp_id)
            .await?;
        if let Some(known) = known {
            return Ok(known);
        }
        if self
            .named
            .contains(&(suite_id.clone(), corp_id.normalized()))
        {
            return Ok(corp_id.normalized());
        }
        Err(Error::new(
            ErrorKind::CorpNotFound,
            "the corp is not authorized here: import its authorization first",
        ))
    }

    /// The members by the userids that are stored, or that WeCom knows where a corp's ids have become encrypted ones.
    async fn resolve_members(
        &mut self,
        bindings: Vec<(u64, ImportedBinding)>,
    ) -> Result<Vec<(u64, ImportedBinding)>> {
        let deps = self.deps;
        let named: Vec<Principal> = bindings
            .iter()
            .flat_map(|(_, binding)| {
                let of_alias = |alias: &WecomUserId| Principal {
                    third_user_id: alias.clone(),
                    ..binding.principal.clone()
                };
                let others = binding.other_ids().map(|(alias, _)| alias);
                let aliases: Vec<Principal> = others.map(of_alias).collect();
                std::iter::once(binding.principal.clone()).chain(aliases)
            })
            .collect();
        let stored = deps.members.stored_ids(&named).await?;
        let mut unknown: HashMap<(SuiteId, CorpId), Vec<WecomUserId>> = HashMap::new();
        for (_, binding) in &bindings {
            let principal = &binding.principal;
            if !stored.contains_key(principal) && binding.aliases.is_empty() {
                let key = (principal.suite_id.clone(), principal.corp_id.clone());
                let ids = unknown.entry(key).or_default();
                ids.push(principal.third_user_id.clone());
            }
        }
        let mut encrypted: HashMap<Principal, WecomUserId> = HashMap::new();
        let mut failed: HashMap<(SuiteId, CorpId), Error> = HashMap::new();
        for ((suite_id, corp_id), ids) in unknown {
            if self.dry_run {
                break;
            }
            let Ok(authorization) = deps
                .authorizations
                .require_active(&suite_id, &corp_id)
                .await
            else {
                continue;
            };
            if authorization.ids_moved_at.is_none() {
                continue;
            }
            match deps.id_migration.encrypted_ids(&authorization, &ids).await {
                Ok(pairs) => encrypted.extend(pairs),
                Err(error) => {
                    failed.insert((suite_id, corp_id), error);
                }
            }
        }
        let mut owners: HashMap<Principal, WecomUserId> = HashMap::new();
        let mut resolved = Vec::new();
        for (number, mut binding) in bindings {
            let principal = binding.principal.clone();
            let key = (principal.suite_id.clone(), principal.corp_id.clone());
            let of_alias = |alias: &WecomUserId| {
                let named = Principal {
                    third_user_id: alias.clone(),
                    ..principal.clone()
                };
                stored.get(&named)
            };
            if let Some(known) = stored.get(&principal) {
                binding.principal.third_user_id = known.clone();
            } else if let Some(known) = binding.aliases.iter().find_map(of_alias) {
                // The member is stored by the plain userid, and moved at the next login.
                binding.principal.third_user_id = known.clone();
                binding.aliases.retain(|alias| alias != known);
                binding.encrypted_user_id = Some(principal.third_user_id);
            } else if let Some(open) = encrypted.get(&principal) {
                binding.principal.third_user_id = open.clone();
                binding.aliases.push(principal.third_user_id);
            } else if binding.aliases.is_empty()
                && let Some(error) = failed.get(&key)
            {
                self.set(number, Err(error.clone()))?;
                continue;
            }
            let member = &binding.principal.third_user_id;
            let others = binding.other_ids().map(|(id, _)| id);
            let ids: Vec<Principal> = std::iter::once(member)
                .chain(others)
                .map(|id| Principal {
                    third_user_id: id.clone(),
                    ..binding.principal.clone()
                })
                .collect();
            let is_of_other = |id: &Principal| {
                let owner = stored.get(id).or_else(|| owners.get(id));
                owner.is_some_and(|owner| owner != member)
            };
            if ids.iter().any(is_of_other) {
                let detail = "one of the userids is another member's";
                self.set(number, Err(Error::new(ErrorKind::ApiParams, detail)))?;
                continue;
            }
            owners.extend(ids.into_iter().map(|id| (id, member.clone())));
            resolved.push((number, binding));
        }
        Ok(resolved)
    }
}

/// The ids of the corp of a line.
fn ids_of(line: &CorpLine, known: Option<&CorpId>) -> HashSet<(SuiteId, CorpId)> {
    std::iter::once(&line.corp_id)
        .chain(&line.aliases)
        .chain(known)
        .map(|id| (line.suite_id.clone(), id.normalized()))
        .collect()
}

/// Whether a line names the corp that is stored under this id.
fn is_named(deps: &AdminDeps, line: &CorpLine, corp_id: &CorpId) -> bool {
    let aliases = deps.authorizations.aliases();
    std::iter::once(&line.corp_id)
        .chain(&line.aliases)
        .any(|id| aliases.is_same(&line.suite_id, id, corp_id))
}
