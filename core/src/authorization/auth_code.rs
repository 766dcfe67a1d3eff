//! The event that brings an AuthCode, and what WeCom answers when the code is exchanged.

use serde::{Deserialize, Serialize};

use crate::db::entity::callback_record;
use crate::db::entity::callback_record::RecordKey;
use crate::domain::{
    AgentId, AuthorizationStatus, CorpId, PermanentCode, SuiteId, WecomUserId, serialize_exposed,
};
use crate::error::{Error, ErrorKind};
use crate::tokens::CallFailure;
use crate::wecom::CallError;

/// The event that brings an AuthCode.
#[derive(Clone, Debug)]
pub(crate) struct AuthCodeEvent {
    pub(super) suite_id: SuiteId,
    pub(super) record: RecordKey,
    /// WeCom's InfoType.
    pub(super) name: String,
    /// `create_auth` starts a new epoch, `reset_permanent_code` does not.
    pub(super) new_epoch: bool,
    /// The state of the authorization link, as the event names it.
    pub(super) state: Option<String>,
}

impl AuthCodeEvent {
    pub(crate) fn of(record: &callback_record::Model, new_epoch: bool) -> Self {
        let (suite_id, name) = (record.suite_id.clone(), record.event.clone());
        Self {
            suite_id,
            record: RecordKey::of(record),
            name,
            new_epoch,
            state: None,
        }
    }

    /// Adds the state that the event names. WeCom's answer to the AuthCode names it too, but not always.
    pub(crate) fn with_state(mut self, state: Option<&str>) -> Self {
        self.state = state.map(str::to_owned);
        self
    }

    /// The status of an authorization after the exchange.
    pub(super) fn status_after(&self, before: Option<AuthorizationStatus>) -> AuthorizationStatus {
        use AuthorizationStatus::{Active, Broken, Held};
        match before {
            Some(Active) => Active,
            Some(Broken) if !self.new_epoch => Active,
            Some(before) if !self.new_epoch => before,
            // The host app reviews it first.
            _ => Held,
        }
    }
}

/// Guards the sending of an AuthCode, which WeCom answers once.
pub(crate) trait SendGuard: Send + Sync {
    /// Returns whether the AuthCode may be sent now. The caller sends it if so.
    fn try_begin(&self) -> bool;

    /// The call certainly did not spend the AuthCode: WeCom refused it, or it did not leave this machine.
    fn not_spent(&self);

    /// WeCom's answer is stored.
    fn finish(&self);
}

/// WeCom's answer to an AuthCode, as the record holds it until it is an authorization.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeResult {
    #[serde(serialize_with = "serialize_exposed")]
    pub(super) exchanged_for: PermanentCode,
    pub(super) corp_id: CorpId,
    pub(super) corp_name: Option<String>,
    pub(super) agent_id: Option<AgentId>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) installed_by: Option<WecomUserId>,
    /// WeCom's time of the event, in seconds.
    pub(super) event_time: i64,
}

/// Why the exchange of an AuthCode failed.
pub(super) enum SendError {
    /// The AuthCode was not sent.
    LeaseLost,
    Call(CallError),
}

impl CallFailure for SendError {
    fn call_error(&self) -> Option<&CallError> {
        match self {
            Self::LeaseLost => None,
            Self::Call(error) => Some(error),
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::LeaseLost => Self::new(
                ErrorKind::RecordBusy,
                "the lease ran out; another node has the record",
            ),
            SendError::Call(error) => error.into(),
        }
    }
}
