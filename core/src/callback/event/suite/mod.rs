//! Events of a suite: InfoType messages under the suiteId (D/97173, D/100965, D/97175).

use crate::callback::event::error::{EventError, EventErrorReason};
use crate::callback::event::fields::Fields;
use crate::domain::{AuthCode, CorpId, SuiteId, SuiteTicket};

/// An event of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuiteEvent {
    /// The suite that the message names, if it names one. It is the suite of the receiveid.
    pub suite_id: Option<SuiteId>,
    /// WeCom's InfoType: 1 to 64 characters.
    pub info_type: String,
    /// `TimeStamp` in seconds, if it is a number.
    pub timestamp: Option<i64>,
    /// What happened.
    pub kind: SuiteEventKind,
}

/// What happened to a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuiteEventKind {
    /// `suite_ticket`, every ten minutes (D/97173).
    SuiteTicket {
        /// The new ticket.
        ticket: SuiteTicket,
    },
    /// `create_auth`: a corp authorized the app (D/100965).
    CreateAuth {
        /// To be exchanged for the permanent code.
        auth_code: AuthCode,
        /// The `state` of the authorization link.
        state: Option<String>,
    },
    /// `reset_permanent_code`: 重新获取secret in the provider console (D/97175).
    ResetPermanentCode {
        /// To be exchanged for the new permanent code.
        auth_code: AuthCode,
        /// The `state` of the authorization link.
        state: Option<String>,
    },
    /// `change_auth`: visible range, permissions or state of the app changed (D/100965).
    ChangeAuth {
        /// The corp.
        corp_id: CorpId,
        /// The `state` of the authorization link.
        state: Option<String>,
    },
    /// `cancel_auth`: the corp removed the app (D/100965).
    CancelAuth {
        /// The corp.
        corp_id: CorpId,
    },
    /// Another InfoType.
    Other,
}

impl SuiteEvent {
    /// Parses a message whose receiveid is `suite_id`.
    ///
    /// # Errors
    /// The message must not be acted on. It is foreign if it names another suite.
    pub fn parse(message: &[u8], suite_id: &SuiteId) -> Result<Self, EventError> {
        let (fields, state) = Fields::read(message);
        if fields.suite_id.contradicts(suite_id.as_str()) {
            return Err(fields.error(EventErrorReason::Foreign("SuiteId")));
        }
        state
            .and_then(|()| Self::from_fields(&fields, suite_id))
            .map_err(|reason| fields.error(reason))
    }

    fn from_fields(fields: &Fields<'_>, suite_id: &SuiteId) -> Result<Self, EventErrorReason> {
        if fields.msg_type.is_present() || fields.event.is_present() {
            return Err(EventErrorReason::OtherKind);
        }
        fields.info_type.required("InfoType")?;
        let info_type = fields
            .info_type
            .name()
            .ok_or(EventErrorReason::IllFormed("InfoType"))?;
        let kind = SuiteEventKind::from_fields(fields, &info_type)?;
        Ok(Self {
            suite_id: fields.suite_id.is_present().then(|| suite_id.clone()),
            info_type,
            timestamp: fields.time_stamp.parse(),
            kind,
        })
    }
}

impl SuiteEventKind {
    fn from_fields(fields: &Fields<'_>, info_type: &str) -> Result<Self, EventErrorReason> {
        let auth_code = || fields.auth_code.required("AuthCode").map(AuthCode::new);
        let corp_id = || fields.auth_corp_id.required_as("AuthCorpId");
        let state = fields.state.owned();
        Ok(match info_type {
            "suite_ticket" => Self::SuiteTicket {
                ticket: SuiteTicket::new(fields.suite_ticket.required("SuiteTicket")?),
            },
            "create_auth" => Self::CreateAuth {
                auth_code: auth_code()?,
                state,
            },
            "reset_permanent_code" => Self::ResetPermanentCode {
                auth_code: auth_code()?,
                state,
            },
            "change_auth" => Self::ChangeAuth {
                corp_id: corp_id()?,
                state,
            },
            "cancel_auth" => Self::CancelAuth {
                corp_id: corp_id()?,
            },
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests;
