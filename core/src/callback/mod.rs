//! What WeCom pushes: signature, cipher, envelope, event.
//!
//! All of it is pure. The order is: [`Envelope::parse`], [`verify_signature`], [`decrypt`], a look at the receiveid,
//! then [`SuiteEvent::parse`] or [`CorpEvent::parse`]. Nothing before the signature has been checked is trusted, and
//! nothing of the envelope ever is.

mod cipher;
mod content_hash;
pub(crate) mod effects;
mod envelope;
mod event;
mod fields;
pub(crate) mod inbox;
mod json;
mod keys;
mod markup;
pub(crate) mod notify;
mod order;
mod query;
pub(crate) mod record;
mod signature;
mod work;
pub(crate) mod worker;
mod xml;

pub use cipher::{DecryptError, Plaintext, decrypt, encrypt};
pub use content_hash::content_hash;
pub use envelope::{Envelope, EnvelopeError};
pub use event::{
    CorpEvent, CorpEventKind, EventError, EventErrorReason, SuiteEvent, SuiteEventKind, event_name,
};
pub use keys::{CallbackKeys, EncodingAesKey, InvalidAesKey};
pub use notify::NotifyAnswer;
pub use record::CallbackRecord;
pub use signature::{sign, verify_signature};
