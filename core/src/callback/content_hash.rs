//! The content hash of an event, equal for its redeliveries.

use crate::digest;
use crate::domain::SuiteId;

/// The key that identifies redeliveries of an event: SHA-256 of the decrypted content, without outer timestamp, nonce
/// and random bytes. WeCom pushes again if the response is late (D/96238), and may encrypt again then.
///
/// Each part is prefixed with its length as a big-endian `u64`, so that different triples have different bytes.
#[must_use]
pub fn content_hash(suite_id: &SuiteId, receive_id: &str, message: &[u8]) -> [u8; 32] {
    digest::of_parts(&[suite_id.as_str().as_bytes(), receive_id.as_bytes(), message])
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn hash(suite_id: &str, receive_id: &str, message: &[u8]) -> [u8; 32] {
        content_hash(&SuiteId::new(suite_id).unwrap(), receive_id, message)
    }

    #[test]
    fn content_hash_is_sha256_of_length_prefixed_parts() {
        let joined = b"\0\0\0\0\0\0\0\x03dk1\0\0\0\0\0\0\0\x02ww\0\0\0\0\0\0\0\x01m";
        assert_eq!(
            hash("dk1", "ww", b"m"),
            <[u8; 32]>::from(Sha256::digest(joined))
        );
    }

    #[test]
    fn content_hash_separates_parts() {
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1w", "w", b"m"));
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1", "w", b"wm"));
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1", "wwm", b""));
    }
}
