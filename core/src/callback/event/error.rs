//! The error for a message that is not a valid event.

use std::fmt;

/// An authentic message that must not be acted on. The error names the event if the message does, for the record, and
/// holds nothing else of the message.
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

    /// Whether the message names another suite or corp than its receiveid. Such a callback is rejected like one that
    /// does not decrypt; after every other error the callback is answered `success` and recorded as ignored.
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
    /// A field occurs twice.
    #[error("message has {0} twice")]
    Repeated(&'static str),
    /// A required field is missing or empty.
    #[error("message has no {0}")]
    Missing(&'static str),
    /// A required field is ill-formed.
    #[error("message has an ill-formed {0}")]
    IllFormed(&'static str),
    /// This field names another suite or corp than the receiveid does.
    #[error("message has a foreign {0}")]
    Foreign(&'static str),
    /// An event of the other kind: a suite's under a corp's receiveid, or a corp's under a suiteId.
    #[error("message is an event of the other kind")]
    OtherKind,
    /// A message from a member to the app.
    #[error("message is no event")]
    NoEvent,
}
