//! One data key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::random;

/// The length of a key's id.
pub(super) const KEY_ID_BYTES: usize = 8;

/// A key of 32 bytes, under which secrets are sealed.
#[derive(Clone)]
pub struct DataKey {
    id: [u8; KEY_ID_BYTES],
    bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// Creates a key from its bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"wecom-login data key")
            .chain_update(bytes)
            .finalize()
            .into();
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self {
            id,
            bytes: Zeroizing::new(bytes),
        }
    }

    /// Creates a key from the system's randomness.
    #[must_use]
    pub fn random() -> Self {
        Self::new(random::bytes())
    }

    /// Returns the id of this key, which each value that it sealed begins with.
    pub(crate) fn id(&self) -> &[u8; KEY_ID_BYTES] {
        &self.id
    }

    /// Derives a key for one purpose.
    pub(crate) fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.bytes.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(******)")
    }
}
