//! What WeCom pushes: signature, cipher, envelope, event.

mod keys;

pub use keys::{CallbackKeys, EncodingAesKey, InvalidAesKey};
