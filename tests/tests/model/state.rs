//! The state of the model: pushes, sessions, corps and members.

use std::sync::atomic::AtomicUsize;

use wecom_login::Timestamp;

use super::push_queue::QueuedPush;
use super::steps::Act;
use super::transitions::{RecordState, SessionState};

/// Totals over all histories.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(super) steps: AtomicUsize,
    pub(super) pushes: AtomicUsize,
    pub(super) sessions: AtomicUsize,
    pub(super) sure_sessions: AtomicUsize,
    /// Of those, made while an event that ends such sessions was carried out and not yet settled.
    pub(super) after_an_end: AtomicUsize,
    /// Logins of members who were the same user before.
    pub(super) same_users: AtomicUsize,
    pub(super) crashes: AtomicUsize,
    /// AuthCodes in the exchange window: used, and WeCom's answer lost in a crash or a jump. No other loss is tolerated.
    pub(super) in_the_window: AtomicUsize,
    /// Sessions that certainly ended, and were rejected on every node.
    pub(super) ends: AtomicUsize,
}

pub(super) struct Pushed {
    pub(super) number: usize,
    pub(super) act: Act,
    pub(super) queued: QueuedPush,
    pub(super) state: RecordState,
    pub(super) at: Timestamp,
    /// The sessions that the event ends.
    pub(super) condemned: Vec<usize>,
    /// The corp was certainly authorized when it was delivered.
    pub(super) known: bool,
    /// Its run was interrupted, or its lease expired in a jump: an AuthCode may be used up and its answer lost.
    pub(super) disturbed: bool,
}

pub(super) struct Session {
    pub(super) token: String,
    pub(super) corp: usize,
    pub(super) user_id: String,
    pub(super) state: SessionState,
    pub(super) made_at: Timestamp,
    /// The revoking node knows at once, the others by the revocation log.
    pub(super) ended_on: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    In,
    Unsure,
    Out,
}

pub(super) struct Person {
    pub(super) id: String,
    pub(super) present: bool,
}

pub(super) struct Corp {
    pub(super) id: String,
    pub(super) standing: Standing,
    pub(super) members: Vec<Person>,
}

/// Whether the event is about the authorization itself.
pub(super) fn is_own(act: Act) -> bool {
    matches!(act, Act::Install(_) | Act::Cancel(_) | Act::Reset(_))
}

pub(super) fn corp_of(act: Act) -> Option<usize> {
    match act {
        Act::Install(corp)
        | Act::Change(corp)
        | Act::Cancel(corp)
        | Act::Reset(corp)
        | Act::Unsubscribe(corp, _)
        | Act::Leave(corp, _)
        | Act::Rename(corp, _) => Some(corp),
        Act::Ticket => None,
    }
}
