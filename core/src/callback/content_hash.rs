//! What makes two pushes the same event.

use crate::digest;
use crate::domain::SuiteId;

/// The key by which an event is done once: SHA-256 of what was decrypted, whatever its outer timestamp, nonce
/// and random bytes were. WeCom pushes again if the answer is late (D/96238), and then may encrypt anew.
///
/// Each part goes in after its length as a big-endian `u64`, so that no two triples are the same bytes.
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
    fn it_is_sha256_over_lengths_and_parts() {
        let joined = b"\0\0\0\0\0\0\0\x03dk1\0\0\0\0\0\0\0\x02ww\0\0\0\0\0\0\0\x01m";
        assert_eq!(
            hash("dk1", "ww", b"m"),
            <[u8; 32]>::from(Sha256::digest(joined))
        );
    }

    #[test]
    fn moving_a_byte_between_the_parts_changes_it() {
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1w", "w", b"m"));
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1", "w", b"wm"));
        assert_ne!(hash("dk1", "ww", b"m"), hash("dk1", "wwm", b""));
    }
}
