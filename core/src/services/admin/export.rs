//! The export of authorizations and bindings, as the JSON lines that the import takes.

use serde::Serialize;

use crate::audit::AuditAction;
use crate::authorization::ExportedAuthorization;
use crate::domain::{
    AgentId, AuthorizationStatus, CorpId, Page, PageCursor, PermanentCode, Principal, SuiteId,
    WecomUserId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::members::ExportedBinding;
use crate::services::admin::AdminService;

/// The longest page.
const MAX_LINES: u64 = 500;
const CORPS: &str = "corps";
const BINDINGS: &str = "bindings";

/// A line of an export. Serialized as JSON it is a line of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ExportLine {
    /// An authorization.
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    Corp {
        /// The suite that the corp authorized.
        suite_id: SuiteId,
        /// The corp, by the id that it is stored under.
        corp_id: CorpId,
        /// Its other ids.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        aliases: Vec<CorpId>,
        /// Its permanent code, only if secrets were asked for.
        #[serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "serialize_code"
        )]
        permanent_code: Option<PermanentCode>,
        /// Its app.
        #[serde(skip_serializing_if = "Option::is_none")]
        agent_id: Option<AgentId>,
        /// Its organization code.
        #[serde(skip_serializing_if = "Option::is_none")]
        org_code: Option<String>,
        /// Its name.
        #[serde(skip_serializing_if = "String::is_empty")]
        corp_name: String,
        /// What was decided about it, if it may not use the app.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<AuthorizationStatus>,
        /// The state of the authorization link.
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        /// The administrator who authorized the app.
        #[serde(skip_serializing_if = "Option::is_none")]
        installed_by: Option<WecomUserId>,
    },
    /// A member, and the user that the member is bound to.
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    Binding {
        /// The suite.
        suite_id: SuiteId,
        /// The corp.
        corp_id: CorpId,
        /// WeCom's userid.
        third_user_id: WecomUserId,
        /// The host app's user.
        user_id: String,
        /// Other userids of the member.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        aliases: Vec<WecomUserId>,
        /// The encrypted userid that the member is to be moved to.
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_user_id: Option<WecomUserId>,
    },
}

impl AdminService {
    /// Everything that is needed to move away, as lines that [`import`](Self::import) takes: every authorization, with its
    /// organization code, its other ids and what was decided about it, then every binding in our auth model. `limit` lines
    /// of it, 500 at most, after this cursor; the first page without one. Imported elsewhere, the same people log in as the same users.
    ///
    /// The permanent codes are there only `with_secrets`: whoever has them can act as the app. Sessions, suite_tickets,
    /// callback records and the audit are not: the people log in once more, WeCom pushes the next ticket within ten
    /// minutes.
    ///
    /// ```no_run
    /// # async fn export(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// let mut after = None;
    /// loop {
    ///     let page = login.admin().export(false, after, 500).await?;
    ///     for line in &page.items {
    ///         println!("{}", serde_json::to_string(line).unwrap());
    ///     }
    ///     after = page.next;
    ///     if after.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list. A permanent code is sealed under a data key that is not there.
    /// The database does not answer.
    pub async fn export(
        &self,
        with_secrets: bool,
        after: Option<PageCursor>,
        limit: u64,
    ) -> Result<Page<ExportLine>> {
        let limit = limit.clamp(1, MAX_LINES);
        let entry = self.entry(AuditAction::Exported);
        self.run(|deps| async move {
            let (list, rest) = match &after {
                None => (CORPS.to_owned(), Vec::new()),
                Some(after) => {
                    let (list, rest) = after.split().ok_or_else(other_list)?;
                    (list.to_owned(), rest.to_vec())
                }
            };
            // Of each page: a cursor begins anywhere.
            let entry = if with_secrets && list == CORPS {
                entry.with_detail("with secrets")
            } else {
                entry
            };
            deps.audit(&entry).await?;
            match (list.as_str(), rest.as_slice()) {
                (CORPS, rest) => {
                    let after = match rest {
                        [] => None,
                        [suite_id, corp_id] => {
                            Some((SuiteId::new(suite_id)?, CorpId::new(corp_id)?))
                        }
                        _ => return Err(other_list()),
                    };
                    if after.is_none() {
                        deps.authorizations.load_aliases().await?;
                    }
                    let corps = deps.authorizations.export(after, limit).await?;
                    let next = match corps.last() {
                        Some(last) if corps.len() as u64 >= limit => {
                            let last = &last.authorization;
                            let (suite_id, corp_id) = (&last.suite_id, &last.corp_id);
                            PageCursor::after(&[CORPS, suite_id.as_str(), corp_id.as_str()])
                        }
                        _ => PageCursor::after(&[BINDINGS]),
                    };
                    let line = |corp| corp_line(corp, with_secrets);
                    Ok(Page {
                        items: corps.into_iter().map(line).collect(),
                        next: Some(next),
                    })
                }
                (BINDINGS, rest) => {
                    let after = match rest {
                        [] => None,
                        [suite_id, corp_id, third_user_id] => Some(Principal::new(
                            SuiteId::new(suite_id)?,
                            CorpId::new(corp_id)?,
                            WecomUserId::new(third_user_id)?,
                        )),
                        _ => return Err(other_list()),
                    };
                    let suites = deps.suites.ids();
                    let exported = deps.members.export_bindings(suites, after, limit);
                    let (bindings, last) = exported.await?;
                    let next = last.map(|last| {
                        PageCursor::after(&[
                            BINDINGS,
                            last.suite_id.as_str(),
                            last.corp_id.as_str(),
                            last.third_user_id.as_str(),
                        ])
                    });
                    Ok(Page {
                        items: bindings.into_iter().map(binding_line).collect(),
                        next,
                    })
                }
                _ => Err(other_list()),
            }
        })
        .await
    }
}

fn corp_line(corp: ExportedAuthorization, with_secrets: bool) -> ExportLine {
    let authorization = corp.authorization;
    let decided = matches!(
        authorization.status,
        AuthorizationStatus::Held | AuthorizationStatus::Refused
    );
    ExportLine::Corp {
        suite_id: authorization.suite_id,
        corp_id: authorization.corp_id,
        aliases: corp.aliases,
        permanent_code: authorization.permanent_code.filter(|_| with_secrets),
        agent_id: authorization.agent_id,
        org_code: corp.org_code,
        corp_name: authorization.corp_name,
        status: decided.then_some(authorization.status),
        state: authorization.state,
        installed_by: authorization.installed_by,
    }
}

fn binding_line(binding: ExportedBinding) -> ExportLine {
    ExportLine::Binding {
        suite_id: binding.principal.suite_id,
        corp_id: binding.principal.corp_id,
        third_user_id: binding.principal.third_user_id,
        user_id: binding.user_id,
        aliases: binding.aliases,
        encrypted_user_id: binding.encrypted_user_id,
    }
}

fn serialize_code<S: serde::Serializer>(
    code: &Option<PermanentCode>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match code {
        Some(code) => serializer.serialize_str(code.expose()),
        None => serializer.serialize_none(),
    }
}

fn other_list() -> Error {
    Error::new(
        ErrorKind::ApiParams,
        "after must be the next of an earlier answer to the same question",
    )
}
