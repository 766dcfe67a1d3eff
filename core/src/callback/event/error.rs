//! Why a message is no event to act on.

use std::fmt;

/// An authentic message that nothing may follow from. It names the event if that can be told, for the record,
/// and holds nothing else of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventError {
    /// What is wrong with it.
    pub reason: EventErrorReason,
    /// WeCom's InfoType or Event.
    pub event: Option<String>,
}

impl EventError {
    pub(super) const fn new(reason: EventErrorReason, event: Option<String>) -> Self {
        Self { reason, event }
    }

    /// Whether the message names another suite or corp than its receiveid allows. Such a callback is refused
    /// like one that does not decrypt; every other error is answered `success` and recorded as ignored.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self.reason, EventErrorReason::Foreign(_))
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for EventError {}

/// The kinds of [`EventError`]; the names in them are those of WeCom's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventErrorReason {
    /// Empty, plain text, or broken XML or JSON.
    #[error("message is neither XML nor JSON as WeCom writes it")]
    Unreadable,
    /// A field is there twice.
    #[error("message has {0} twice")]
    Repeated(&'static str),
    /// A field that this event needs is not there or empty.
    #[error("message has no {0}")]
    Missing(&'static str),
    /// A field that this event needs breaks its form.
    #[error("message has an ill-formed {0}")]
    IllFormed(&'static str),
    /// This field names another suite or corp than the receiveid does.
    #[error("message has a foreign {0}")]
    Foreign(&'static str),
    /// An event of the other kind: a suite's under a corp's receiveid, or a corp's under a suiteId.
    #[error("message is an event of the other kind")]
    OtherKind,
    /// A message from a person to the app.
    #[error("message is no event")]
    NoEvent,
}
