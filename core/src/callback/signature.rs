//! The signature of a callback: lower-case hex of SHA-1 over four texts in byte order, joined (D/96211).
//!
//! The texts are joined without separators, so the signature covers the bytes and not the fields: swapping timestamp
//! and nonce goes unnoticed, and nothing may be decided by them.

use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

use crate::domain::CallbackToken;

/// Signs as WeCom does. Returns 40 lower-case hex digits.
///
/// `encrypt` is the base64 text as it stands in the envelope or, after URL decoding, in `echostr`.
#[must_use]
pub fn sign(token: &str, timestamp: &str, nonce: &str, encrypt: &str) -> String {
    hex_digest(token, timestamp, nonce, encrypt)
        .iter()
        .map(|&digit| char::from(digit))
        .collect()
}

/// Checks in constant time whether `msg_signature` is what [`sign`] gives. Upper-case hex is rejected, because
/// WeCom never sends it.
#[must_use]
pub fn verify_signature(
    token: &CallbackToken,
    timestamp: &str,
    nonce: &str,
    encrypt: &str,
    msg_signature: &str,
) -> bool {
    hex_digest(token.expose(), timestamp, nonce, encrypt)
        .as_slice()
        .ct_eq(msg_signature.as_bytes())
        .into()
}

fn hex_digest(token: &str, timestamp: &str, nonce: &str, encrypt: &str) -> [u8; 40] {
    let mut parts = [
        token.as_bytes(),
        timestamp.as_bytes(),
        nonce.as_bytes(),
        encrypt.as_bytes(),
    ];
    parts.sort_unstable();
    let mut hasher = Sha1::new();
    for part in parts {
        hasher.update(part);
    }
    let mut digits = [0; 40];
    hex::encode_to_slice(hasher.finalize(), &mut digits).expect("SHA-1 has 20 bytes");
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    // SHA-1 of "123", "abc" and nothing, which no code of ours computed.
    const SHA1_OF_123ABC: &str = "4be30d9814c6d4e9800e0d2ea9ec9fb00efa887b";
    const SHA1_OF_NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn sign_sorts_the_four_texts_bytewise() {
        assert_eq!(sign("abc", "3", "1", "2"), SHA1_OF_123ABC);
        assert_eq!(sign("3", "2", "abc", "1"), SHA1_OF_123ABC);
        assert_eq!(sign("", "", "", ""), SHA1_OF_NOTHING);
    }

    #[test]
    fn verify_signature_accepts_only_exact_lower_case_digest() {
        let token = CallbackToken::new("abc");
        let verifies = |signature: &str| verify_signature(&token, "1", "2", "3", signature);
        assert!(verifies(SHA1_OF_123ABC));
        assert!(!verifies(&SHA1_OF_123ABC.to_uppercase()));
        assert!(!verifies(&SHA1_OF_123ABC[..39]));
        assert!(!verifies(&format!("{SHA1_OF_123ABC}0")));
        assert!(!verifies(&format!(" {SHA1_OF_123ABC}")));
        assert!(!verifies(""));
        assert!(!verify_signature(&token, "1", "2", "4", SHA1_OF_123ABC));
    }
}
