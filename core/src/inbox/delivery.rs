//! An event on its way into the inbox, and whether it is handled once or on every redelivery.

use std::fmt;

use crate::callback::{CorpEventKind, SuiteEvent, SuiteEventKind};
use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId};
use crate::hooks::Notification;
use crate::tokens::suite_ticket::event_time;

/// An authenticated event that is not stored yet.
#[derive(Debug)]
pub(crate) struct IncomingEvent {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: Option<CorpId>,
    /// WeCom's InfoType or Event.
    pub(crate) event: String,
    pub(crate) hash: [u8; 32],
    /// Another suite may be meant. The event is stored for that one too.
    pub(crate) ambiguous_suite: bool,
    pub(crate) delivery: Delivery,
    /// What the host app is told of an event that is ignored.
    pub(crate) unhandled: Option<Notification>,
}

/// How often an event is handled.
pub(crate) enum Delivery {
    /// Never. The record has no payload.
    Ignore,
    /// Once.
    Once {
        payload: Vec<u8>,
        /// WeCom's time of an event that brings an AuthCode.
        auth_code_since: Option<Timestamp>,
    },
    /// Idempotent re-read: handled again on every redelivery.
    EveryTime { payload: Vec<u8> },
}

impl Delivery {
    /// How often an event of a suite is handled, and which corp it is about.
    pub(super) fn of_suite_event(
        event: &SuiteEvent,
        message: &[u8],
        now: Timestamp,
    ) -> (Option<CorpId>, Self) {
        let once = |auth_code_since| Self::Once {
            payload: message.to_vec(),
            auth_code_since,
        };
        match &event.kind {
            SuiteEventKind::SuiteTicket { .. } => (None, once(None)),
            SuiteEventKind::CreateAuth { .. } | SuiteEventKind::ResetPermanentCode { .. } => {
                let seconds = event_time(event.timestamp, now);
                let since = Timestamp::from_millis(seconds.saturating_mul(1000));
                (None, once(Some(since)))
            }
            SuiteEventKind::ChangeAuth { corp_id, .. } => {
                let payload = message.to_vec();
                (Some(corp_id.clone()), Self::EveryTime { payload })
            }
            SuiteEventKind::CancelAuth { corp_id, .. } => (Some(corp_id.clone()), once(None)),
            _ => (None, Self::Ignore),
        }
    }

    /// How often an event of a corp's app is handled.
    pub(super) fn of_corp_event(kind: &CorpEventKind, message: &[u8]) -> Self {
        match kind {
            CorpEventKind::UserDeleted { .. }
            | CorpEventKind::UserRenamed { .. }
            | CorpEventKind::UserUpdated { .. }
            | CorpEventKind::Unsubscribed { .. }
            | CorpEventKind::Unlicensed { .. } => Self::Once {
                payload: message.to_vec(),
                auth_code_since: None,
            },
            _ => Self::Ignore,
        }
    }
}

impl fmt::Debug for Delivery {
    /// Omits the payload, which may hold an AuthCode or a ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignore => "Ignore",
            Self::Once { .. } => "Once",
            Self::EveryTime { .. } => "EveryTime",
        })
    }
}
