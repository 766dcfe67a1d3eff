//! Typed events from decrypted messages.
//!
//! The receiveid decides which parser reads a message: [`SuiteEvent::parse`] for a suite's id, [`CorpEvent::parse`]
//! for a corp's; neither reads the other's messages. A field is a direct child of the root and occurs once. Text of
//! members (`Content`, `Name`, `ExtAttr`) cannot become a field.

mod corp;
mod error;
mod fields;
mod suite;

pub use corp::{CorpEvent, CorpEventKind};
pub use error::{EventError, EventErrorReason};
pub use fields::{event_name, to_user_name};
pub use suite::{SuiteEvent, SuiteEventKind};
