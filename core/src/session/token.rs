//! The token of a session: `wl_` + base64url(24 bytes, its seed ‖ 8 bytes of HMAC-SHA-256 over them).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::digest;
use crate::domain::{Expose, TokenHash};
use crate::random;
use crate::vault::KeyRing;

const TOKEN_PREFIX: &[u8] = b"wl_";
const SEED_BYTES: usize = 24;
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

/// As a client reads it from a login result. Whether it is one of ours is for the service to say.
impl<'de> Deserialize<'de> for SessionToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(******)")
    }
}

/// The bytes of a token that nobody can guess: random, or derived from a secret where the same request has to lead to the
/// same session.
#[derive(Clone)]
pub(crate) struct TokenSeed(Zeroizing<[u8; SEED_BYTES]>);

impl TokenSeed {
    pub(crate) fn random() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// The seed that follows from a secret and these parts.
    pub(crate) fn derive(secret: &impl Expose, parts: &[&[u8]]) -> Self {
        let derived = Zeroizing::new(digest::keyed(secret.expose().as_bytes(), parts));
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        seed.copy_from_slice(&derived[..SEED_BYTES]);
        Self(seed)
    }
}

impl fmt::Debug for TokenSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSeed(******)")
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

    /// The token of this seed.
    pub(super) fn issue(&self, seed: &TokenSeed) -> SessionToken {
        sign(&self.keys[0], seed)
    }

    /// The token of this seed that has this hash: a node with another first key may have issued it.
    pub(super) fn find(&self, seed: &TokenSeed, token_hash: &[u8]) -> Option<SessionToken> {
        self.keys
            .iter()
            .map(|key| sign(key, seed))
            .find(|token| hash(token.expose().as_bytes()) == token_hash)
    }

    /// Whether a key of the ring signed this token.
    pub(super) fn verify(&self, token: &[u8]) -> bool {
        let mut bytes = Zeroizing::new([0; SEED_BYTES + TAG_BYTES]);
        if !has_token_format(token)
            || URL_SAFE_NO_PAD
                .decode_slice(&token[TOKEN_PREFIX.len()..], bytes.as_mut_slice())
                .is_err()
        {
            return false;
        }
        let (seed, tag_of_token) = bytes.split_at(SEED_BYTES);
        self.keys
            .iter()
            .any(|key| tag(key, seed).ct_eq(tag_of_token).into())
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSigner")
    }
}

fn sign(key: &[u8; 32], seed: &TokenSeed) -> SessionToken {
    let mut bytes = Zeroizing::new([0; SEED_BYTES + TAG_BYTES]);
    bytes[..SEED_BYTES].copy_from_slice(&*seed.0);
    bytes[SEED_BYTES..].copy_from_slice(&tag(key, &*seed.0));
    SessionToken(Zeroizing::new(format!(
        "wl_{}",
        URL_SAFE_NO_PAD.encode(bytes.as_slice())
    )))
}

fn tag(key: &[u8; 32], seed: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts keys of any length");
    mac.update(seed);
    let mac: [u8; 32] = mac.finalize().into_bytes().into();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&mac[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FlowSecret;
    use crate::vault::DataKey;

    fn signer(seeds: &[u8]) -> TokenSigner {
        TokenSigner::new(
            &KeyRing::new(seeds.iter().map(|seed| DataKey::new([*seed; 32])).collect()).unwrap(),
        )
    }

    #[test]
    fn verify_accepts_token_of_any_key_in_the_ring() {
        let token = signer(&[1]).issue(&TokenSeed::random());
        assert!(token.expose().starts_with("wl_"));
        assert!(has_token_format(token.expose().as_bytes()));
        assert!(signer(&[2, 1]).verify(token.expose().as_bytes()));
        assert!(!signer(&[2]).verify(token.expose().as_bytes()));
        assert_eq!(format!("{token:?}"), "SessionToken(******)");
    }

    #[test]
    fn derived_seed_gives_the_same_token_under_any_order_of_keys() {
        let seed = |secret: &str, code: &str| {
            TokenSeed::derive(&FlowSecret::new(secret), &[b"state", code.as_bytes()])
        };
        let token = signer(&[1, 2]).issue(&seed("secret", "code"));
        let token_hash = hash(token.expose().as_bytes());
        let same = |seeds: &[u8], seed| signer(seeds).find(&seed, &token_hash);
        for keys in [&[1, 2][..], &[2, 1], &[3, 1]] {
            let found = same(keys, seed("secret", "code")).unwrap();
            assert_eq!(found.expose(), token.expose());
        }
        assert!(same(&[1], seed("secret", "other")).is_none());
        assert!(same(&[1], seed("other", "code")).is_none());
        assert!(same(&[2], seed("secret", "code")).is_none());
        assert_eq!(format!("{:?}", seed("secret", "code")), "TokenSeed(******)");
    }

    #[test]
    fn verify_rejects_altered_and_foreign_tokens() {
        let signer = signer(&[1]);
        let token = signer.issue(&TokenSeed::random());
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
