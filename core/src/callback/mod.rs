//! The callbacks of WeCom: signature, cipher, envelope, event.
//!
//! # From bytes to an event
//!
//! The module is pure: bytes in, a typed event out, no I/O.
//!
//! 1. [`Envelope::parse`] reads `Encrypt` from XML or JSON; a DTD or an entity is rejected.
//! 2. [`verify_signature`] compares SHA-1 over token, timestamp, nonce and ciphertext in constant time.
//! 3. [`decrypt`] decrypts AES-256-CBC with padding to 32 bytes, and splits message and receiveid.
//! 4. [`SuiteEvent::parse`] reads a suite event (InfoType), [`CorpEvent::parse`] a corp event (`MsgType=event`); the
//!    receiveid decides which. Fields are direct children of the root.
//!
//! Nothing is trusted before the signature was checked, and nothing of the envelope but `Encrypt` ever is.

mod cipher;
mod content_hash;
mod envelope;
mod event;
mod fields;
mod json;
mod signature;
mod xml;

pub use cipher::{DecryptError, Plaintext, decrypt, encrypt};
pub use content_hash::content_hash;
pub use envelope::{Envelope, EnvelopeError};
pub use event::{
    CorpEvent, CorpEventKind, EventError, EventErrorReason, SuiteEvent, SuiteEventKind, event_name,
    to_user_name,
};
pub use signature::{sign, verify_signature};

pub use crate::domain::{CallbackKeys, EncodingAesKey, InvalidAesKey};
