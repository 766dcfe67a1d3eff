//! What WeCom pushes: signature, cipher, envelope, event.
//!
//! All of it is pure. The order is: [`Envelope::parse`], [`verify_signature`], [`decrypt`], a look at the receiveid,
//! then [`SuiteEvent::parse`] or [`CorpEvent::parse`]. Nothing before the signature has been checked is trusted, and
//! nothing of the envelope ever is.

mod cipher;
mod content_hash;
mod envelope;
mod event;
mod fields;
mod json;
pub(crate) mod query;
mod signature;
mod xml;

pub use cipher::{DecryptError, Plaintext, decrypt, encrypt};
pub use content_hash::content_hash;
pub use envelope::{Envelope, EnvelopeError};
pub use event::{
    CorpEvent, CorpEventKind, EventError, EventErrorReason, SuiteEvent, SuiteEventKind, event_name,
};
pub use signature::{sign, verify_signature};

pub use crate::domain::{CallbackKeys, EncodingAesKey, InvalidAesKey};
