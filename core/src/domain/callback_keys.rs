//! The token and the EncodingAESKey of one callback URL.

use std::fmt;

use aes::Aes256Dec;
use aes::cipher::KeyInit as _;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::CallbackToken;

/// Allows trailing bits: 43 characters have 258 bits for 256, and in most keys, Tencent's samples included, the surplus
/// bits are not zero.
const AES_KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The text is not an EncodingAESKey. Tencent's libraries call this error -40004.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encodingAESKey must be 43 characters of base64")]
#[non_exhaustive]
pub struct InvalidAesKey;

/// The key that encrypts callbacks: 43 characters of base64 for 32 bytes (D/96211).
#[derive(Clone)]
pub struct EncodingAesKey {
    bytes: Zeroizing<[u8; 32]>,
    /// The expanded key, which is zeroized on drop.
    decryption: Aes256Dec,
}

impl EncodingAesKey {
    /// Parses the 43 characters that the provider console shows.
    ///
    /// # Errors
    /// The text is not 43 characters of standard base64.
    pub fn new(text: &str) -> Result<Self, InvalidAesKey> {
        if text.len() != 43 {
            return Err(InvalidAesKey);
        }
        let mut key = Zeroizing::new([0; 32]);
        match AES_KEY_ENGINE.decode_slice(text, key.as_mut_slice()) {
            Ok(32) => Ok(Self {
                decryption: Aes256Dec::new((&*key).into()),
                bytes: key,
            }),
            _ => Err(InvalidAesKey),
        }
    }

    /// Returns the 32 bytes. The first half of them is also the IV.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Returns the expanded key.
    pub(crate) const fn decryption(&self) -> &Aes256Dec {
        &self.decryption
    }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodingAesKey(******)")
    }
}

impl PartialEq for EncodingAesKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.as_slice().ct_eq(other.bytes.as_slice()).into()
    }
}

impl Eq for EncodingAesKey {}

/// The token and the key of one callback URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackKeys {
    /// Signs the callbacks.
    pub token: CallbackToken,
    /// Encrypts the callbacks.
    pub encoding_aes_key: EncodingAesKey,
}

impl CallbackKeys {
    /// Creates a pair.
    #[must_use]
    pub const fn new(token: CallbackToken, encoding_aes_key: EncodingAesKey) -> Self {
        Self {
            token,
            encoding_aes_key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surplus_bits_of_aes_key_are_ignored() {
        let published = EncodingAesKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        let canonical = EncodingAesKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2A").unwrap();
        assert_eq!(published, canonical);
        assert_eq!(published.as_bytes()[..4], [0x8d, 0x69, 0x98, 0x9b]);
    }

    #[test]
    fn aes_key_must_be_43_characters_of_base64() {
        let good = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        for bad in [
            &good[..42],
            &format!("{good}="),
            &good.replace('q', "-"),
            &good.replace('q', "_"),
            "",
        ] {
            assert_eq!(EncodingAesKey::new(bad), Err(InvalidAesKey), "{bad}");
        }
    }
}
