//! What a decrypted message says, as far as a login needs it.
//!
//! The receiveid decides which of the two kinds may act: the suiteId's messages are read by [`SuiteEvent::parse`],
//! a corp's by [`CorpEvent::parse`], and neither reads the other's. A field is a direct child of the root and
//! there once; what members write (`Content`, `Name`, `ExtAttr`) cannot become one.

mod corp;
mod error;
mod fields;
mod suite;

pub use corp::{CorpEvent, CorpEventKind};
pub use error::{EventError, EventErrorReason};
pub use fields::event_name;
pub use suite::{SuiteEvent, SuiteEventKind};
