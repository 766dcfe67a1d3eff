//! What WeCom pushes: signature, cipher, envelope, event.

mod cipher;
mod keys;
mod signature;

pub use cipher::{DecryptError, Plaintext, decrypt, encrypt};
pub use keys::{CallbackKeys, EncodingAesKey, InvalidAesKey};
pub use signature::{sign, verify_signature};
