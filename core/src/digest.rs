//! Digests over several parts.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of the parts, each preceded by its length as a big-endian `u64`, so that no two lists hash the
/// same bytes.
pub(crate) fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(length(part));
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Returns the HMAC-SHA-256 of the parts under a secret, each preceded by its length, as in [`of_parts`].
pub(crate) fn keyed(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC accepts keys of any length");
    for part in parts {
        mac.update(&length(part));
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len())
        .expect("a length fits in 64 bits")
        .to_be_bytes()
}
