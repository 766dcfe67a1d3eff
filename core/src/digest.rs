//! A digest over several parts.

use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of the parts, each preceded by its length as a big-endian `u64`, so that no two lists hash the
/// same bytes.
pub(crate) fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        let length = u64::try_from(part.len()).expect("a length fits in 64 bits");
        hasher.update(length.to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
