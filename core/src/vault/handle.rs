//! `Vault`: the data keys of this node and the database that they seal.

use crate::db::Store;
use crate::error::Result;
use crate::vault::{DataKeys, KeyRing, key_registry, rotation};

/// The data keys of this node, and the database that they seal. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
}

impl Vault {
    /// Loads the keys, checks that none is missing that is registered in the database, and registers the primary.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: a key is missing; `STORE_UNAVAILABLE`.
    pub(crate) async fn unlock(store: Store, data_keys: &DataKeys) -> Result<Self> {
        let keys = key_registry::verify_and_register(&store, data_keys).await?;
        Ok(Self { store, keys })
    }

    /// Returns the keys.
    pub(crate) const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// How many permanent codes are sealed under keys that this node lacks.
    pub(crate) async fn count_unreadable(&self) -> Result<i64> {
        rotation::count_unreadable_codes(self.store.database(), &self.keys).await
    }

    /// Records that this node seals with its primary key. To be called every [`KEY_HEARTBEAT`](super::KEY_HEARTBEAT).
    pub(crate) async fn heartbeat(&self) -> Result<()> {
        key_registry::heartbeat(&self.store, &self.keys).await
    }
}
