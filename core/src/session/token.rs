//! The token of a session: `wl_` + base64url(24 random bytes ‖ 8 bytes of HMAC-SHA-256 over them).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::{Expose, TokenHash};
use crate::random;
use crate::vault::KeyRing;

const TOKEN_PREFIX: &[u8] = b"wl_";
const RANDOM_BYTES: usize = 24;
const TAG_BYTES: usize = 8;
/// `wl_` and 32 bytes in base64.
const TOKEN_CHARS: usize = 46;

/// A session's token, for the client that logged in. It is returned once and cannot be read back.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// The text to send as `Authorization: Bearer …`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Expose for SessionToken {
    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(******)")
    }
}

/// Whether a text has the length and the prefix of a token.
pub(super) fn has_token_format(text: &[u8]) -> bool {
    text.len() == TOKEN_CHARS && text.starts_with(TOKEN_PREFIX)
}

/// The SHA-256 of a token. It needs no salt, because tokens are random.
pub(super) fn hash(token: &[u8]) -> TokenHash {
    Sha256::digest(token).into()
}

/// Issues tokens, and verifies without a look-up that this service issued a token.
#[derive(Clone)]
pub(super) struct TokenSigner {
    /// The first key signs, every key verifies.
    keys: Vec<Zeroizing<[u8; 32]>>,
}

impl TokenSigner {
    pub(super) fn new(keys: &KeyRing) -> Self {
        Self {
            keys: keys
                .iter()
                .map(|key| Zeroizing::new(key.derive(b"wecom-login session token")))
                .collect(),
        }
    }

    pub(super) fn issue(&self) -> SessionToken {
        let random: [u8; RANDOM_BYTES] = random::bytes();
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES + TAG_BYTES]);
        bytes[..RANDOM_BYTES].copy_from_slice(&random);
        bytes[RANDOM_BYTES..].copy_from_slice(&tag(&self.keys[0], &random));
        SessionToken(Zeroizing::new(format!(
            "wl_{}",
            URL_SAFE_NO_PAD.encode(bytes.as_slice())
        )))
    }

    /// Whether a key of the ring signed this token.
    pub(super) fn verify(&self, token: &[u8]) -> bool {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES + TAG_BYTES]);
        if !has_token_format(token)
            || URL_SAFE_NO_PAD
                .decode_slice(&token[TOKEN_PREFIX.len()..], bytes.as_mut_slice())
                .is_err()
        {
            return false;
        }
        let (random, tag_of_token) = bytes.split_at(RANDOM_BYTES);
        self.keys
            .iter()
            .any(|key| tag(key, random).ct_eq(tag_of_token).into())
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSigner")
    }
}

fn tag(key: &[u8; 32], random: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts keys of any length");
    mac.update(random);
    let mac: [u8; 32] = mac.finalize().into_bytes().into();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&mac[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::DataKey;

    fn signer(seeds: &[u8]) -> TokenSigner {
        TokenSigner::new(
            &KeyRing::new(seeds.iter().map(|seed| DataKey::new([*seed; 32])).collect()).unwrap(),
        )
    }

    #[test]
    fn verify_accepts_token_of_any_key_in_the_ring() {
        let token = signer(&[1]).issue();
        assert!(token.expose().starts_with("wl_"));
        assert!(has_token_format(token.expose().as_bytes()));
        assert!(signer(&[2, 1]).verify(token.expose().as_bytes()));
        assert!(!signer(&[2]).verify(token.expose().as_bytes()));
        assert_eq!(format!("{token:?}"), "SessionToken(******)");
    }

    #[test]
    fn verify_rejects_altered_and_foreign_tokens() {
        let signer = signer(&[1]);
        let token = signer.issue();
        let text = token.expose();
        let mut flipped = text.as_bytes().to_vec();
        for index in 3..text.len() - 1 {
            flipped[index] ^= 1;
            assert!(!signer.verify(&flipped), "byte {index}");
            flipped[index] ^= 1;
        }
        for bad in [
            "",
            "wl_",
            &text[..45],
            &format!("{text}A"),
            &text.replacen("wl_", "wm_", 1),
            "é",
        ] {
            assert!(!signer.verify(bad.as_bytes()), "{bad}");
        }
    }
}
