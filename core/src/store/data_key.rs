//! The keys that a database was written with, so that a node without them says so at start and not at the first login.

use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait as _};

use super::ends;
use super::entity::data_key::{ActiveModel, Entity, Model};
use super::key_ring::{DataKey, DataKeys, KeyRing};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};

/// The keys of this node. Refuses a ring that lacks a key which ever wrote to this database, and books the one that
/// writes from now on. One node at a time: of several that begin on an empty database, each with a key of its own, the
/// first decides.
pub(super) async fn agree(database: &DatabaseConnection, keys: &DataKeys, now: Timestamp) -> Result<KeyRing> {
    let transaction = super::begin(database).await?;
    ends::lock_counter(&transaction).await?;
    let known = Entity::find().all(&transaction).await?;
    let keys = keys.load(known.is_empty())?;
    if known.iter().any(|row| !fits(&keys, row)) {
        return Err(Error::new(
            ErrorKind::Config,
            "this node lacks a data key that the database was written with: bring it back, after the key that writes",
        ));
    }
    // A key that only reads is not booked: nodes that do not have it yet can still start.
    let writing = keys.writing();
    if known.iter().all(|row| row.id != writing.id()) {
        let row = ActiveModel {
            id: Set(writing.id().to_vec()),
            check_value: Set(check_value(writing)),
            created_at: Set(now),
        };
        Entity::insert(row).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(keys)
}

fn fits(keys: &KeyRing, row: &Model) -> bool {
    keys.find(&row.id).is_some_and(|key| check_value(key) == row.check_value)
}

fn check_value(key: &DataKey) -> Vec<u8> {
    key.derive(b"wecom-login check value").to_vec()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use super::super::Store;
    use super::*;
    use crate::clock::ManualClock;

    async fn starts(url: &str, seeds: &[u8]) -> bool {
        let keys = DataKeys::given(seeds.iter().map(|seed| DataKey::new([*seed; 32])));
        let database = Store::connect(url).await.unwrap();
        match Store::open(database, &keys, Arc::new(ManualClock::starting_now()), true).await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Config, "{error}");
                false
            }
        }
    }

    #[tokio::test]
    async fn a_new_key_is_given_to_every_node_before_it_writes() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display());
        assert!(starts(&url, &[1]).await);
        assert!(starts(&url, &[1, 2]).await, "one node has the new key, to read");
        assert!(starts(&url, &[1]).await, "another one does not have it yet");
        assert!(!starts(&url, &[2]).await, "what the old key wrote has to be read");
        assert!(starts(&url, &[2, 1]).await, "now it writes");
        assert!(!starts(&url, &[1]).await);
        assert!(starts(&url, &[1, 2]).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_nodes_that_make_a_key_each_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display());
        let start = |name: usize| {
            let (url, path) = (url.clone(), directory.path().join(format!("{name}.key")));
            async move {
                let database = Store::connect(&url).await.unwrap();
                let clock = Arc::new(ManualClock::starting_now());
                Store::open(database, &DataKeys::file(path), clock, true).await.is_ok()
            }
        };
        let started = futures_util::future::join_all((0..3).map(|name| tokio::spawn(start(name)))).await;
        let started: Vec<bool> = started.into_iter().map(|started| started.unwrap()).collect();
        let winner = started.iter().position(|started| *started).expect("one of them starts");
        assert_eq!(started.iter().filter(|started| **started).count(), 1);
        assert!(start(winner).await, "and again");
    }
}
