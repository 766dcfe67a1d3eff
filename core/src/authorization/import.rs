//! The import of authorizations that are older than this service.

use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::audit::{self, NewAuditEntry};
use crate::authorization::authorization::{Authorization, seal_code};
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{new_row, write_row};
use crate::db::entity::authorization::{ActiveModel, Entity};
use crate::db::retry_transaction;
use crate::domain::{AgentId, AuthorizationStatus, CorpId, PermanentCode, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};

/// An authorization that is brought along.
#[derive(Clone, Debug)]
pub(crate) struct ImportedAuthorization {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) permanent_code: PermanentCode,
    pub(crate) agent_id: Option<AgentId>,
    /// Until WeCom is asked.
    pub(crate) corp_name: Option<String>,
    /// What was decided about it where it comes from. Without it what was decided here stays, and a corp that is new is
    /// active.
    pub(crate) status: Option<AuthorizationStatus>,
    /// The state of its authorization link.
    pub(crate) state: Option<String>,
    /// The administrator who authorized the app.
    pub(crate) installed_by: Option<WecomUserId>,
}

impl ImportedAuthorization {
    pub(crate) fn new(suite_id: SuiteId, corp_id: CorpId, permanent_code: PermanentCode) -> Self {
        Self {
            suite_id,
            corp_id,
            permanent_code,
            agent_id: None,
            corp_name: None,
            status: None,
            state: None,
            installed_by: None,
        }
    }

    /// Whether the stored row says the same.
    pub(crate) fn is_stored(&self, known: &Authorization) -> bool {
        self.has_code_of(known) && !self.names_new_agent(known)
    }

    /// A broken one has it too: the same code heals nothing, and WeCom is asked again by itself.
    fn has_code_of(&self, known: &Authorization) -> bool {
        let is_so = self.status.is_none_or(|status| {
            known.status == status
                || (known.status == AuthorizationStatus::Broken
                    && status == AuthorizationStatus::Active)
        });
        known.permanent_code.as_ref() == Some(&self.permanent_code) && is_so
    }

    /// Checks that it may replace what is stored: a file that is late or repeated takes nothing back.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`.
    pub(crate) fn check_may_replace(&self, known: &Authorization) -> Result<()> {
        use AuthorizationStatus::{Broken, Cancelled};
        if known.permanent_code.as_ref() == Some(&self.permanent_code) {
            return Ok(());
        }
        if known.status == Cancelled && self.status.is_none() {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the corp's authorization has ended here: the status active takes it up again",
            ));
        }
        if known.has_code_of_event() && !matches!(known.status, Broken | Cancelled) {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the corp has authorized here since: its newer permanent code stays",
            ));
        }
        Ok(())
    }

    /// The status of a corp whose permanent code is written.
    fn status_after(&self, known: Option<&Authorization>) -> AuthorizationStatus {
        use AuthorizationStatus::{Active, Cancelled, Held, Refused};
        let decided = known
            .map(|known| known.status)
            .filter(|status| matches!(status, Held | Refused | Cancelled));
        self.status.or(decided).unwrap_or(Active)
    }

    fn names_new_agent(&self, known: &Authorization) -> bool {
        self.agent_id.is_some() && known.agent_id != self.agent_id
    }
}

impl Authorizations {
    /// Imports an authorization: a provider's corps authorized long ago. It may be repeated; a stored permanent code
    /// stays unless it differs, and always if it came by an event and works. Returns the id that the corp is stored under, and whether something was written.
    ///
    /// `asks_wecom` says whether WeCom is asked for the corp's other id where the corp is not known; it becomes `false` when
    /// WeCom does not answer, so that of many corps not each waits for it. The background asks again.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the permanent code is blank, or must not replace the stored one. The database does not answer.
    pub(crate) async fn import(
        &self,
        imported: &ImportedAuthorization,
        asks_wecom: &mut bool,
        entry: &NewAuditEntry,
    ) -> Result<(CorpId, bool)> {
        let (suite_id, corp_id) = (&imported.suite_id, &imported.corp_id);
        self.inner.suites.require(suite_id)?;
        if imported.permanent_code.expose().trim().is_empty() {
            return Err(Error::new(
                ErrorKind::ApiParams,
                "the permanent code is blank",
            ));
        }
        let (corp_id, written) = loop {
            let corp_id = self.resolve_imported(suite_id, corp_id, asks_wecom).await?;
            let entry = entry.clone().of_corp(suite_id, &corp_id);
            let import = || self.import_once(imported, &corp_id, &entry);
            if let Some(written) = retry_transaction(import).await? {
                break (corp_id, written);
            }
        };
        if written {
            self.wake_waiting(suite_id, std::slice::from_ref(&corp_id))
                .await?;
            self.inner.departed.restore(suite_id, &corp_id).await?;
            self.inner.due.notify_one();
        }
        Ok((corp_id, written))
    }

    /// The id that an imported corp is to be stored under.
    async fn resolve_imported(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        asks_wecom: &mut bool,
    ) -> Result<CorpId> {
        if let Some(known) = self.resolve_known(suite_id, corp_id).await? {
            return Ok(known);
        }
        if *asks_wecom {
            // It may be known by another id.
            *asks_wecom = self.learn_corp(suite_id, corp_id).await?;
        }
        let known = self.resolve_known(suite_id, corp_id).await?;
        Ok(known.unwrap_or_else(|| corp_id.normalized()))
    }

    /// Returns whether something was written; none if the corp got its first row meanwhile, perhaps under another id.
    async fn import_once(
        &self,
        imported: &ImportedAuthorization,
        corp_id: &CorpId,
        entry: &NewAuditEntry,
    ) -> Result<Option<bool>> {
        let suite_id = &imported.suite_id;
        let now = self.inner.store.now();
        let transaction = self.inner.store.begin().await?;
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let known = known.as_ref();
        if known.is_some_and(|known| imported.is_stored(known)) {
            return Ok(Some(false));
        }
        if let Some(known) = known {
            imported.check_may_replace(known)?;
        }
        audit::append(&transaction, entry, now).await?;
        if known.is_some_and(|known| imported.has_code_of(known)) {
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                corp_id: Set(corp_id.clone()),
                agent_id: Set(imported.agent_id),
                ..Default::default()
            };
            Entity::update(row)
                .validate()?
                .exec_without_returning(&transaction)
                .await?;
        } else {
            let code = &imported.permanent_code;
            let sealed = seal_code(&self.inner.keys, suite_id, corp_id, code)?;
            let name = known.map(|known| known.corp_name.clone());
            let name = name.filter(|name| !name.is_empty());
            let row = ActiveModel {
                corp_name: Set(name
                    .or_else(|| imported.corp_name.clone())
                    .unwrap_or_default()),
                agent_id: Set(imported.agent_id.or_else(|| known?.agent_id)),
                permanent_code: Set(Some(sealed)),
                status: Set(imported.status_after(known)),
                epoch: Set(known.map_or(0, |known| known.epoch) + 1),
                secret_version: Set(known.map_or(0, |known| known.secret_version) + 1),
                event_time: Set(known.map_or(i64::MIN, |known| known.event_time)),
                code_event_time: Set(known.and_then(|known| known.event_time_of(code))),
                read_due_at: Set(now),
                state: Set(known
                    .and_then(|known| known.state.clone())
                    .or_else(|| imported.state.clone())),
                installed_by: Set(known
                    .and_then(|known| known.installed_by.clone())
                    .or_else(|| imported.installed_by.clone())),
                ..new_row(suite_id, corp_id, now)
            };
            if known.is_none() && !self.store_under(&transaction, suite_id, corp_id).await? {
                transaction.rollback().await?;
                return Ok(None);
            }
            write_row(&transaction, row, known.is_some()).await?;
        }
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(Some(true))
    }
}
