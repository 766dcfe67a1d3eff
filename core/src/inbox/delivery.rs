//! Which events are carried out, and whether once or each time they come.

use crate::callback::{CorpEventKind, SuiteEvent, SuiteEventKind};
use crate::clock::Timestamp;
use crate::domain::CorpId;
use crate::inbox::store::Delivery;
use crate::tokens::suite_ticket::event_time;

/// What is to be done for an event of a suite, and about which company.
pub(super) fn suite_delivery(
    event: &SuiteEvent,
    message: &[u8],
    now: Timestamp,
) -> (Option<CorpId>, Delivery) {
    let once = |auth_code_since| Delivery::Once {
        payload: message.to_vec(),
        auth_code_since,
    };
    match &event.kind {
        SuiteEventKind::SuiteTicket { .. } => (None, once(None)),
        SuiteEventKind::CreateAuth { .. } | SuiteEventKind::ResetPermanentCode { .. } => {
            let since =
                Timestamp::from_millis(event_time(event.timestamp, now).saturating_mul(1000));
            (None, once(Some(since)))
        }
        SuiteEventKind::ChangeAuth { corp_id, .. } => (
            Some(corp_id.clone()),
            Delivery::EveryTime {
                payload: message.to_vec(),
            },
        ),
        SuiteEventKind::CancelAuth { corp_id, .. } => (Some(corp_id.clone()), once(None)),
        _ => (None, Delivery::Ignore),
    }
}

/// What is to be done for an event of a company's app.
pub(super) fn corp_delivery(kind: &CorpEventKind, message: &[u8]) -> Delivery {
    match kind {
        CorpEventKind::UserDeleted { .. }
        | CorpEventKind::UserRenamed { .. }
        | CorpEventKind::Unsubscribed { .. } => Delivery::Once {
            payload: message.to_vec(),
            auth_code_since: None,
        },
        _ => Delivery::Ignore,
    }
}
