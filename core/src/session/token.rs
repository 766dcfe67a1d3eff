//! The token of a session: `wl_` + base64url(24 random bytes ‖ 8 bytes of HMAC-SHA-256 over them).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::TokenHash;
use crate::random;
use crate::vault::KeyRing;

const PREFIX: &[u8] = b"wl_";
const RANDOM_BYTES: usize = 24;
const TAG_BYTES: usize = 8;
/// `wl_` and 32 bytes in base64.
const LENGTH: usize = 46;

/// A session's token, for the one who logged in. It is shown once and cannot be read back.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// The text to send as `Authorization: Bearer …`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(******)")
    }
}

/// Whether a text is as long as a token and begins like one.
pub(crate) fn has_shape(token: &[u8]) -> bool {
    token.len() == LENGTH && token.starts_with(PREFIX)
}

/// The SHA-256 of a token. It needs no salt: tokens are random.
pub(crate) fn hash(token: &[u8]) -> TokenHash {
    Sha256::digest(token).into()
}

/// Makes tokens, and tells the ones that this service made from the ones that it did not without any look-up.
#[derive(Clone)]
pub(crate) struct Mint(Vec<Zeroizing<[u8; 32]>>);

impl Mint {
    pub(crate) fn new(keys: &KeyRing) -> Self {
        Self(
            keys.iter()
                .map(|key| Zeroizing::new(key.derive(b"wecom-login session token")))
                .collect(),
        )
    }

    pub(crate) fn mint(&self) -> SessionToken {
        let random: [u8; RANDOM_BYTES] = random::bytes();
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES + TAG_BYTES]);
        bytes[..RANDOM_BYTES].copy_from_slice(&random);
        bytes[RANDOM_BYTES..].copy_from_slice(&tag(&self.0[0], &random));
        SessionToken(Zeroizing::new(format!(
            "wl_{}",
            URL_SAFE_NO_PAD.encode(bytes.as_slice())
        )))
    }

    /// Whether a key of the ring made this token.
    pub(crate) fn minted(&self, token: &[u8]) -> bool {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES + TAG_BYTES]);
        if !has_shape(token)
            || URL_SAFE_NO_PAD
                .decode_slice(&token[PREFIX.len()..], bytes.as_mut_slice())
                .is_err()
        {
            return false;
        }
        let (random, given) = bytes.split_at(RANDOM_BYTES);
        self.0
            .iter()
            .any(|key| tag(key, random).ct_eq(given).into())
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint")
    }
}

fn tag(key: &[u8; 32], random: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(random);
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&full[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::DataKey;

    fn mint(seeds: &[u8]) -> Mint {
        Mint::new(
            &KeyRing::new(seeds.iter().map(|seed| DataKey::new([*seed; 32])).collect()).unwrap(),
        )
    }

    #[test]
    fn a_token_is_known_by_every_node_with_the_key() {
        let token = mint(&[1]).mint();
        assert!(token.expose().starts_with("wl_"));
        assert!(has_shape(token.expose().as_bytes()));
        assert!(mint(&[2, 1]).minted(token.expose().as_bytes()));
        assert!(!mint(&[2]).minted(token.expose().as_bytes()));
        assert_eq!(format!("{token:?}"), "SessionToken(******)");
    }

    #[test]
    fn what_we_did_not_mint_is_told_apart() {
        let mint = mint(&[1]);
        let token = mint.mint();
        let text = token.expose();
        let mut flipped = text.as_bytes().to_vec();
        for index in 3..text.len() - 1 {
            flipped[index] ^= 1;
            assert!(!mint.minted(&flipped), "byte {index}");
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
            assert!(!mint.minted(bad.as_bytes()), "{bad}");
        }
    }
}
