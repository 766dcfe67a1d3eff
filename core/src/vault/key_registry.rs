//! The registry of data keys, in the database: a node that lacks a key fails at start and not at the first login.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
};

use crate::clock::Timestamp;
use crate::db::entity::data_key::{ActiveModel, Column, Entity, Model};
use crate::db::{Store, is_unique_violation, lock_counter};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::{DataKey, DataKeys, KeyRing, KeyRotationReport, rotation};

/// How often a node registers its primary key again.
pub(crate) const KEY_HEARTBEAT: Duration = Duration::from_mins(1);

/// Loads the keys of this node, and registers the primary. Fails if a registered key is missing.
///
/// One node at a time: of several that start on an empty database with different keys, only the first succeeds.
pub(super) async fn verify_and_register(store: &Store, keys: &DataKeys) -> Result<KeyRing> {
    let (pool, now) = (store.database().pool(), store.now());
    let transaction = pool.begin().await?;
    lock_counter(&transaction).await?;
    let registered = Entity::find().all(&transaction).await?;
    let keys = keys.load(registered.is_empty())?;
    if registered.iter().any(|row| !has_key(&keys, row)) {
        return Err(Error::new(
            ErrorKind::Config,
            "a data key that the database was written with is missing: add it after the primary key; \
             it can be removed once `AdminService::rotate_keys` has retired it",
        ));
    }
    // Only the primary is registered: nodes that do not have the other keys yet can still start.
    register(&transaction, keys.primary(), now).await?;
    transaction.commit().await?;
    let unreadable = rotation::count_unreadable_codes(pool, &keys).await?;
    if unreadable > 0 {
        // Not fatal: they may have been damaged by hand, and every other corp can log in.
        tracing::error!(
            target: "wecom_login", unreadable,
            "permanent codes are sealed under data keys that this node does not have"
        );
    }
    Ok(keys)
}

/// Registers the primary key again. To be called every [`KEY_HEARTBEAT`].
pub(super) async fn heartbeat(store: &Store, keys: &KeyRing) -> Result<()> {
    register(store.database(), keys.primary(), store.now()).await
}

/// Retires the keys under which nothing is sealed, and which are the primary of no process.
pub(super) async fn retire(
    store: &Store,
    keys: &KeyRing,
    report: &mut KeyRotationReport,
) -> Result<()> {
    heartbeat(store, keys).await?;
    let active_since = store.now() - KEY_HEARTBEAT * 3;
    for row in Entity::find().all(store.database()).await? {
        if row.id == keys.primary().id()
            || rotation::count_sealed_under(store.database(), &row.id).await? > 0
        {
            continue;
        }
        let retired = Entity::delete_many()
            .filter(Column::Id.eq(row.id))
            .filter(Column::UsedAt.lt(active_since))
            .exec(store.database())
            .await?;
        report.retired += retired.rows_affected;
        report.still_active += 1 - retired.rows_affected.min(1);
    }
    Ok(())
}

async fn register(database: &impl ConnectionTrait, key: &DataKey, now: Timestamp) -> Result<()> {
    let updated = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Id.eq(key.id().as_slice()))
        .exec(database)
        .await?;
    if updated.rows_affected > 0 {
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

fn has_key(keys: &KeyRing, row: &Model) -> bool {
    keys.find(&row.id)
        .is_some_and(|key| check_value(key) == row.check_value)
}

/// Returns what tells two keys with the same id apart.
fn check_value(key: &DataKey) -> Vec<u8> {
    key.derive(b"wecom-login check value").to_vec()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::db::Pool;

    async fn can_start(url: &str, seeds: &[u8]) -> bool {
        let keys = DataKeys::from_keys(seeds.iter().map(|seed| DataKey::new([*seed; 32])));
        let pool = Pool::connect(url).await.unwrap();
        let store = Store::open(pool, Arc::new(ManualClock::starting_now()), true).await;
        match verify_and_register(&store.unwrap(), &keys).await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Config, "{error}");
                false
            }
        }
    }

    #[tokio::test]
    async fn new_key_must_be_on_every_node_before_it_is_primary() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("test.db").display()
        );
        assert!(can_start(&url, &[1]).await);
        assert!(
            can_start(&url, &[1, 2]).await,
            "one node has the new key, which only opens"
        );
        assert!(
            can_start(&url, &[1]).await,
            "another node does not have it yet"
        );
        assert!(!can_start(&url, &[2]).await, "the old key is registered");
        assert!(can_start(&url, &[2, 1]).await, "now it is primary");
        assert!(!can_start(&url, &[1]).await);
        assert!(can_start(&url, &[1, 2]).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_nodes_that_each_create_a_key_one_starts() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("test.db").display()
        );
        let start = |name: usize| {
            let (url, path) = (url.clone(), directory.path().join(format!("{name}.key")));
            async move {
                let pool = Pool::connect(&url).await.unwrap();
                let clock = Arc::new(ManualClock::starting_now());
                let store = Store::open(pool, clock, true).await.unwrap();
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
        assert!(start(winner).await, "it starts again");
    }
}
