//! The keys that a database was written with, so that a node without them says so at start and not at the first login.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
};

use crate::clock::Timestamp;
use crate::db::entity::data_key::{ActiveModel, Column, Entity, Model};
use crate::db::{Store, begin_write, is_unique_violation, lock_counter};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::key_ring::{DataKey, DataKeys, KeyRing};
use crate::vault::{KeyRotationReport, rotation};

/// How often a node says that it writes with its key.
pub(crate) const KEY_HEARTBEAT: Duration = Duration::from_mins(1);

/// The keys of this node. Refuses a ring that lacks a key which ever wrote to this database, and books the one that
/// writes from now on. One node at a time: of several that begin on an empty database, each with a key of its own, the
/// first decides.
pub(super) async fn verify_and_register(store: &Store, keys: &DataKeys) -> Result<KeyRing> {
    let (database, now) = (store.database().pool(), store.now());
    let transaction = begin_write(database).await?;
    lock_counter(&transaction).await?;
    let known = Entity::find().all(&transaction).await?;
    let keys = keys.load(known.is_empty())?;
    if known.iter().any(|row| !fits(&keys, row)) {
        return Err(Error::new(
            ErrorKind::Config,
            "this node lacks a data key that the database was written with: bring it back, after the key that writes; \
             it may go when `AdminService::rotate_keys` has sealed everything anew",
        ));
    }
    // A key that only reads is not booked: nodes that do not have it yet can still start.
    register(&transaction, keys.primary(), now).await?;
    transaction.commit().await?;
    let unreadable = rotation::codes_of_other_keys(database, &keys).await?;
    if unreadable > 0 {
        // No reason to keep everybody out: they may have been spoiled by hand.
        tracing::error!(target: "wecom_login", unreadable, "permanent codes are sealed under keys that are not here");
    }
    Ok(keys)
}

/// Books that a process writes with this key.
async fn register(database: &impl ConnectionTrait, key: &DataKey, now: Timestamp) -> Result<()> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Id.eq(key.id().as_slice()))
        .exec(database)
        .await?;
    if used.rows_affected > 0 {
        return Ok(());
    }
    let row = ActiveModel {
        id: Set(key.id().to_vec()),
        check_value: Set(check_value(key)),
        created_at: Set(now),
        used_at: Set(now),
    };
    match Entity::insert(row).exec_without_returning(database).await {
        Ok(_) => Ok(()),
        // Another node was first.
        Err(error) if is_unique_violation(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes the other keys out of the book under which nothing is left and with which nobody writes.
pub(super) async fn retire(
    store: &Store,
    keys: &KeyRing,
    rotated: &mut KeyRotationReport,
) -> Result<()> {
    heartbeat(store, keys).await?;
    let unused_since = store.now() - KEY_HEARTBEAT * 3;
    for row in Entity::find().all(store.database()).await? {
        if row.id == keys.primary().id()
            || rotation::sealed_under(store.database(), &row.id).await? > 0
        {
            continue;
        }
        let unused = Entity::delete_many()
            .filter(Column::Id.eq(row.id))
            .filter(Column::UsedAt.lt(unused_since))
            .exec(store.database())
            .await?;
        rotated.retired += unused.rows_affected;
        rotated.still_active += 1 - unused.rows_affected.min(1);
    }
    Ok(())
}

/// Records that this node writes with its key. To be called every [`KEY_HEARTBEAT`].
pub(super) async fn heartbeat(store: &Store, keys: &KeyRing) -> Result<()> {
    register(store.database(), keys.primary(), store.now()).await
}

fn fits(keys: &KeyRing, row: &Model) -> bool {
    keys.find(&row.id)
        .is_some_and(|key| check_value(key) == row.check_value)
}

fn check_value(key: &DataKey) -> Vec<u8> {
    key.derive(b"wecom-login check value").to_vec()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::db::Pool;

    async fn starts(url: &str, seeds: &[u8]) -> bool {
        let keys = DataKeys::from_keys(seeds.iter().map(|seed| DataKey::new([*seed; 32])));
        let database = Pool::connect(url).await.unwrap();
        let store = Store::open(database, Arc::new(ManualClock::starting_now()), true).await;
        match verify_and_register(&store.unwrap(), &keys).await {
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
        let url = format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("test.db").display()
        );
        assert!(starts(&url, &[1]).await);
        assert!(
            starts(&url, &[1, 2]).await,
            "one node has the new key, to read"
        );
        assert!(starts(&url, &[1]).await, "another one does not have it yet");
        assert!(
            !starts(&url, &[2]).await,
            "what the old key wrote has to be read"
        );
        assert!(starts(&url, &[2, 1]).await, "now it writes");
        assert!(!starts(&url, &[1]).await);
        assert!(starts(&url, &[1, 2]).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_nodes_that_make_a_key_each_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("test.db").display()
        );
        let start = |name: usize| {
            let (url, path) = (url.clone(), directory.path().join(format!("{name}.key")));
            async move {
                let database = Pool::connect(&url).await.unwrap();
                let clock = Arc::new(ManualClock::starting_now());
                let store = Store::open(database, clock, true).await.unwrap();
                verify_and_register(&store, &DataKeys::from_file(path))
                    .await
                    .is_ok()
            }
        };
        let started =
            futures_util::future::join_all((0..3).map(|name| tokio::spawn(start(name)))).await;
        let started: Vec<bool> = started
            .into_iter()
            .map(|started| started.unwrap())
            .collect();
        let winner = started
            .iter()
            .position(|started| *started)
            .expect("one of them starts");
        assert_eq!(started.iter().filter(|started| **started).count(), 1);
        assert!(start(winner).await, "and again");
    }
}
