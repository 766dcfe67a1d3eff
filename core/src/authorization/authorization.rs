//! One corp's authorization of one suite.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::db::entity::authorization::Model;
use crate::domain::{AgentId, AuthorizationStatus, CorpId, PermanentCode, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::CorpInfo;
use crate::tokens::AppCredential;
use crate::vault::{KeyRing, PERMANENT_CODE};

/// When to retry for an app that WeCom has not named: a new authorization is re-read every few seconds.
const AGENT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// An authorization as it was when its row was read.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) corp_name: String,
    pub(crate) agent_id: Option<AgentId>,
    pub(crate) status: AuthorizationStatus,
    pub(crate) broken_by: Option<i64>,
    pub(crate) broken_at: Option<Timestamp>,
    pub(crate) epoch: i64,
    pub(crate) secret_version: i64,
    pub(crate) event_time: i64,
    pub(crate) changed_at: Timestamp,
    pub(crate) permanent_code: Option<PermanentCode>,
    pub(super) switched_off_at: Option<Timestamp>,
    pub(super) read_failures: i32,
    pub(crate) created_at: Timestamp,
    /// When its members were moved to encrypted ids.
    pub(crate) ids_moved_at: Option<Timestamp>,
    /// WeCom's time of the event that brought the permanent code, in seconds.
    code_event_time: Option<i64>,
    /// When WeCom last confirmed the authorization with this permanent code.
    pub(super) read_at: Option<Timestamp>,
    pub(super) end_confirmed_at: Option<Timestamp>,
    pub(super) end_contradicted_at: Option<Timestamp>,
    pub(super) end_held_at: Option<Timestamp>,
    /// The state of the authorization link.
    pub(crate) state: Option<String>,
    /// The administrator who authorized the app.
    pub(crate) installed_by: Option<WecomUserId>,
}

impl Authorization {
    pub(crate) fn open(keys: &KeyRing, row: Model) -> Result<Self> {
        let permanent_code = match &row.permanent_code {
            Some(sealed) => {
                let key: [&[u8]; 2] = [
                    row.suite_id.as_str().as_bytes(),
                    row.corp_id.as_str().as_bytes(),
                ];
                Some(PermanentCode::new(
                    keys.open_text(PERMANENT_CODE.aad_context(&key), sealed)?,
                ))
            }
            None => None,
        };
        Ok(Self {
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            corp_name: row.corp_name,
            agent_id: row.agent_id,
            status: row.status,
            broken_by: row.broken_by,
            broken_at: row.broken_at,
            epoch: row.epoch,
            secret_version: row.secret_version,
            event_time: row.event_time,
            changed_at: row.changed_at,
            permanent_code,
            switched_off_at: row.switched_off_at,
            read_failures: row.read_failures.unwrap_or(0),
            created_at: row.created_at,
            ids_moved_at: row.ids_moved_at,
            code_event_time: row.code_event_time,
            read_at: row.read_at,
            end_confirmed_at: row.end_confirmed_at,
            end_contradicted_at: row.end_contradicted_at,
            end_held_at: row.end_held_at,
            state: row.state,
            installed_by: row.installed_by,
        })
    }

    /// Whether the permanent code is of a later event than one of this time, in seconds.
    pub(super) fn has_newer_code(&self, event_time: i64) -> bool {
        self.permanent_code.is_some()
            && self.code_event_time.unwrap_or(self.event_time) > event_time
    }

    /// Whether the permanent code came here by an event.
    pub(super) const fn has_code_of_event(&self) -> bool {
        self.code_event_time.is_some()
    }

    /// When the event of this permanent code was, in seconds, if it is the one that is stored.
    pub(super) fn event_time_of(&self, permanent_code: &PermanentCode) -> Option<i64> {
        let is_stored = self.permanent_code.as_ref() == Some(permanent_code);
        self.code_event_time.filter(|_| is_stored)
    }

    /// The credential that the app's access token is fetched with.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, whether it is held, refused, broken or cancelled.
    pub(crate) fn credential(&self) -> Result<AppCredential> {
        match (&self.permanent_code, self.status) {
            (Some(permanent_code), AuthorizationStatus::Active) => {
                Ok(self.credential_unchecked(permanent_code))
            }
            _ => Err(not_authorized()),
        }
    }

    /// The corp's app.
    ///
    /// # Errors
    /// `AGENT_UNKNOWN`, with a time to retry: a re-read is on its way.
    pub(crate) fn require_agent(&self) -> Result<AgentId> {
        self.agent_id.ok_or_else(|| {
            Error::new(
                ErrorKind::AgentUnknown,
                "WeCom has not named the corp's app yet",
            )
            .with_retry_after(AGENT_RETRY_AFTER)
        })
    }

    /// The credential whatever the status is, for the calls that find out the status.
    pub(super) fn credential_unchecked(&self, permanent_code: &PermanentCode) -> AppCredential {
        AppCredential {
            suite_id: self.suite_id.clone(),
            corp_id: self.corp_id.clone(),
            permanent_code: permanent_code.clone(),
            version: self.secret_version,
        }
    }

    pub(crate) fn corp_info(&self) -> CorpInfo {
        CorpInfo {
            suite_id: self.suite_id.clone(),
            corp_id: self.corp_id.clone(),
            corp_name: self.corp_name.clone(),
            agent_id: self.agent_id,
            state: self.state.clone(),
            installed_by: self.installed_by.clone(),
        }
    }
}

/// The error for every corp whose members cannot log in.
pub(crate) fn not_authorized() -> Error {
    Error::new(
        ErrorKind::CorpNotAuthorized,
        "the corp has not authorized the app, or no longer does",
    )
}

pub(super) fn seal_code(
    keys: &KeyRing,
    suite_id: &SuiteId,
    corp_id: &CorpId,
    permanent_code: &PermanentCode,
) -> Result<Sealed> {
    let key: [&[u8]; 2] = [suite_id.as_str().as_bytes(), corp_id.as_str().as_bytes()];
    keys.seal(
        PERMANENT_CODE.aad_context(&key),
        permanent_code.expose().as_bytes(),
    )
}
