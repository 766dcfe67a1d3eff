//! The key of keyed hashes: random, sealed in the database, so that the hashes outlive the rotation of data keys.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::db::entity::hash_key::{ActiveModel, Entity};
use crate::db::{Store, is_unique_violation};
use crate::digest;
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::vault::{HASH_KEY, KeyRing};

const HASH_KEY_BYTES: usize = 32;

/// A key for hashes of ids: without it, nobody finds out by trying which id a hash is of.
#[derive(Clone)]
pub(crate) struct HashKey(Zeroizing<[u8; HASH_KEY_BYTES]>);

impl HashKey {
    /// The key of this name, if there is one.
    ///
    /// # Errors
    /// `INTERNAL_ERROR`: the key does not open with the data keys of this node. `STORE_UNAVAILABLE`: the database does
    /// not answer.
    pub(crate) async fn find(store: &Store, keys: &KeyRing, name: &str) -> Result<Option<Self>> {
        let id = name.as_bytes().to_vec();
        let row = Entity::find_by_id(id.clone()).one(store.database()).await?;
        let Some(row) = row else { return Ok(None) };
        let bytes = keys
            .open(HASH_KEY.aad_context(&[&id]), &row.value)
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "a hash key does not open").with_source(error)
            })?;
        let bytes = <[u8; HASH_KEY_BYTES]>::try_from(bytes.as_slice())
            .map_err(|_| Error::new(ErrorKind::Internal, "a hash key has another length"))?;
        Ok(Some(Self(Zeroizing::new(bytes))))
    }

    /// The key of this name, created if there is none.
    pub(crate) async fn find_or_create(store: &Store, keys: &KeyRing, name: &str) -> Result<Self> {
        if let Some(found) = Self::find(store, keys, name).await? {
            return Ok(found);
        }
        let id = name.as_bytes().to_vec();
        let bytes = Zeroizing::new(random::bytes::<HASH_KEY_BYTES>());
        let row = ActiveModel {
            id: Set(id.clone()),
            value: Set(keys.seal(HASH_KEY.aad_context(&[&id]), bytes.as_slice())?),
        };
        match Entity::insert(row)
            .exec_without_returning(store.database())
            .await
        {
            Ok(_) => Ok(Self(bytes)),
            // Another node was first.
            Err(error) if is_unique_violation(&error) => Self::find(store, keys, name)
                .await?
                .ok_or_else(|| Error::new(ErrorKind::Internal, "a hash key is gone")),
            Err(error) => Err(error.into()),
        }
    }

    /// The keyed hash of the parts. No two lists of parts hash the same bytes.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(&digest::of_parts(parts));
        mac.finalize().into_bytes().to_vec()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(******)")
    }
}
