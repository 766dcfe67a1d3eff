//! The data keys of a node.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::vault::DataKey;

/// The data keys of this node: the first one, the primary, seals; every key opens.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    keys: Arc<[DataKey]>,
}

impl KeyRing {
    /// Creates a ring.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: there is no key.
    pub(crate) fn new(keys: Vec<DataKey>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "there is no data key: DataKeys::from_keys needs at least one",
            ));
        }
        Ok(Self { keys: keys.into() })
    }

    /// Returns the key that seals.
    pub(crate) fn primary(&self) -> &DataKey {
        &self.keys[0]
    }

    /// Returns the key with this id.
    pub(crate) fn find(&self, id: &[u8]) -> Option<&DataKey> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// Returns all keys, the primary first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DataKey> {
        self.keys.iter()
    }
}
