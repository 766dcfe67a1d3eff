//! What the model knows: the pushes, the sessions, the corps and their members.

use std::sync::atomic::AtomicUsize;

use wecom_login::Timestamp;

use super::push_queue::Letter;
use super::steps::Act;
use super::transitions::{RecordLife, SessionLife};

/// What was done in all histories.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(super) steps: AtomicUsize,
    pub(super) pushes: AtomicUsize,
    pub(super) sessions: AtomicUsize,
    pub(super) sure_sessions: AtomicUsize,
    /// Of those, made while an event that ends such sessions was carried out and not yet settled.
    pub(super) after_an_end: AtomicUsize,
    pub(super) crashes: AtomicUsize,
    /// AuthCodes in the named window: spent, and WeCom's answer lost in a crash or a leap. They are all that is forgiven.
    pub(super) in_the_window: AtomicUsize,
    /// Sessions that ended for certain, and were found ended on every node.
    pub(super) ends: AtomicUsize,
}

pub(super) struct Pushed {
    pub(super) number: usize,
    pub(super) act: Act,
    pub(super) letter: Letter,
    pub(super) life: RecordLife,
    pub(super) at: Timestamp,
    /// The sessions that its work ends.
    pub(super) condemned: Vec<usize>,
    /// The corp was in for certain when it was delivered.
    pub(super) known: bool,
    /// Its work was cut off, or a leap took its lease: an AuthCode may be spent and its answer lost.
    pub(super) disturbed: bool,
}

pub(super) struct Session {
    pub(super) token: String,
    pub(super) corp: usize,
    pub(super) user_id: String,
    pub(super) life: SessionLife,
    pub(super) made_at: Timestamp,
    /// The node that ended it hears of it at once, the others by the feed.
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

/// Whether it is about the authorization itself.
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
