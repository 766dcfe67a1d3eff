//! The keys that a database was written with, so that a node without them says so at start and not at the first login.

use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait as _};

use super::entity::data_key::{ActiveModel, Entity, Model};
use super::is_taken;
use super::key_ring::{DataKey, KeyRing};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};

/// Refuses a ring that lacks a key of `known`, and books the keys of the ring.
pub(super) async fn check(
    database: &DatabaseConnection,
    keys: &KeyRing,
    known: &[Model],
    now: Timestamp,
) -> Result<()> {
    for row in known {
        let fits = keys.find(&row.id).is_some_and(|key| check_value(key) == row.check_value);
        if !fits {
            return Err(Error::new(
                ErrorKind::Config,
                "this node lacks a data key that the database was written with: bring it back, after the key that writes",
            ));
        }
    }
    for key in keys.iter().filter(|key| known.iter().all(|row| row.id != key.id())) {
        let row = ActiveModel {
            id: Set(key.id().to_vec()),
            check_value: Set(check_value(key)),
            created_at: Set(now),
        };
        match Entity::insert(row).exec_without_returning(database).await {
            Ok(_) => {}
            // Another node with the same keys came first.
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn check_value(key: &DataKey) -> Vec<u8> {
    key.derive(b"wecom-login check value").to_vec()
}
