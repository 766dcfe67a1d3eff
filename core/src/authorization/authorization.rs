//! One company's authorisation of one suite.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::db::entity::authorization::Model;
use crate::domain::AuthorizationStatus;
use crate::domain::PermanentCode;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::CorpInfo;
use crate::tokens::AppCredential;
use crate::vault::{KeyRing, PERMANENT_CODE};

/// When to ask again for an app that WeCom has not named: a new authorisation is read at once.
const AGENT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// An authorisation as it was when it was read.
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
        })
    }

    /// What its app's token is fetched with.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: held, refused, broken and cancelled are not told apart.
    pub(crate) fn credential(&self) -> Result<AppCredential> {
        match (&self.permanent_code, self.status) {
            (Some(permanent_code), AuthorizationStatus::Active) => {
                Ok(self.credential_unchecked(permanent_code))
            }
            _ => Err(not_authorized()),
        }
    }

    /// The company's app.
    ///
    /// # Errors
    /// `AGENT_UNKNOWN`: WeCom is being asked, so it is worth coming back.
    pub(crate) fn require_agent(&self) -> Result<AgentId> {
        self.agent_id.ok_or_else(|| {
            Error::new(
                ErrorKind::AgentUnknown,
                "WeCom has not named the company's app yet",
            )
            .with_retry_after(AGENT_RETRY_AFTER)
        })
    }

    /// The same as `credential` without asking how the authorisation stands, for the calls that find that out.
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
        }
    }
}

/// The one answer for every company whose people cannot log in.
pub(crate) fn not_authorized() -> Error {
    Error::new(
        ErrorKind::CorpNotAuthorized,
        "the company has not authorised the app, or no longer",
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
