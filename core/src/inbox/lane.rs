//! The lanes of the inbox: which records wait for one another.
//!
//! A lane has permits of its own and claims its records by a query of its own, so that what waits or hangs in one
//! lane delays nothing in another. The lane of a record follows from its event, which every version of this library
//! stores.

use sea_orm::ColumnTrait as _;
use sea_orm::sea_query::SimpleExpr;
use tokio::sync::Notify;

use crate::db::entity::callback_record::Column;
use crate::metrics;

/// The event that brings what AuthCodes may wait for.
pub(super) const SUITE_TICKET: &str = "suite_ticket";
/// The events that are handled without a call to WeCom: the ticket, and everything that revokes sessions.
const IMMEDIATE_EVENTS: [&str; 4] = [SUITE_TICKET, "cancel_auth", "change_contact", "unsubscribe"];
/// The events that bring an AuthCode.
pub(super) const AUTH_CODE_EVENTS: [&str; 2] = [CREATE_AUTH, RESET_PERMANENT_CODE];
pub(super) const CREATE_AUTH: &str = "create_auth";
pub(super) const RESET_PERMANENT_CODE: &str = "reset_permanent_code";

/// The events that a label names, beside those above.
const OTHER_EVENTS: [&str; 8] = [
    "change_auth",
    "change_app_admin",
    "corp_arch_auth",
    "enter_agent",
    "subscribe",
    "approve_special_auth",
    "cancel_special_auth",
    "unlicensed_notify",
];

/// The word of a label for an event: WeCom's, if it is one of those that are known.
pub(super) fn event_label(event: &str) -> &'static str {
    IMMEDIATE_EVENTS
        .iter()
        .chain(&AUTH_CODE_EVENTS)
        .chain(&OTHER_EVENTS)
        .find(|known| **known == event)
        .copied()
        .unwrap_or(metrics::OTHER)
}

/// A lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// What needs no call to WeCom takes effect within a second of its arrival.
    Immediate,
    /// AuthCodes: each is exchanged within its ten minutes, and the exchange may take a minute.
    AuthCode,
    /// All other events.
    Default,
}

impl Lane {
    /// Every lane, in the order of its number.
    pub(super) const ALL: [Self; 3] = [Self::Immediate, Self::AuthCode, Self::Default];

    /// The word of a label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::AuthCode => "auth_code",
            Self::Default => "default",
        }
    }

    /// The lane of an event.
    pub(super) fn of(event: &str) -> Self {
        if IMMEDIATE_EVENTS.contains(&event) {
            Self::Immediate
        } else if AUTH_CODE_EVENTS.contains(&event) {
            Self::AuthCode
        } else {
            Self::Default
        }
    }

    /// How many records of this lane a node works on at the same time.
    pub(super) const fn max_concurrent_records(self) -> usize {
        match self {
            Self::Immediate | Self::AuthCode => 16,
            Self::Default => 8,
        }
    }

    /// The condition on a record that it is of this lane.
    pub(super) fn condition(self) -> SimpleExpr {
        match self {
            Self::Immediate => Column::Event.is_in(IMMEDIATE_EVENTS),
            Self::AuthCode => Column::Event.is_in(AUTH_CODE_EVENTS),
            Self::Default => {
                Column::Event.is_not_in(IMMEDIATE_EVENTS.into_iter().chain(AUTH_CODE_EVENTS))
            }
        }
    }
}

/// Wakes the lanes of this node's worker.
#[derive(Debug, Default)]
pub(crate) struct LaneWaker {
    lanes: [Notify; Lane::ALL.len()],
}

impl LaneWaker {
    /// Records of this lane may be due.
    pub(super) fn wake(&self, lane: Lane) {
        self.lanes[lane as usize].notify_one();
    }

    /// Waits until records of this lane may be due.
    pub(super) async fn woken(&self, lane: Lane) {
        self.lanes[lane as usize].notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_lanes_by_number() {
        for (number, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!(lane as usize, number);
        }
    }

    #[test]
    fn event_without_a_call_to_wecom_is_immediate() {
        let lanes = [
            ("suite_ticket", Lane::Immediate),
            ("cancel_auth", Lane::Immediate),
            ("change_contact", Lane::Immediate),
            ("unsubscribe", Lane::Immediate),
            ("create_auth", Lane::AuthCode),
            ("reset_permanent_code", Lane::AuthCode),
            ("change_auth", Lane::Default),
            ("", Lane::Default),
        ];
        for (event, lane) in lanes {
            assert_eq!(Lane::of(event), lane, "{event}");
        }
    }
}
