use std::sync::Arc;

use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::db::entity::access_token::{ActiveModel, Column, Entity};
use crate::db::{Pool, Store};
use crate::vault::sealed_column::ACCESS_TOKEN;
use crate::vault::{DataKey, DataKeys, HashKey, KEY_HEARTBEAT};

/// A database and the clock of all its nodes.
struct Nodes {
    directory: tempfile::TempDir,
    clock: ManualClock,
}

impl Nodes {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: ManualClock::starting_now(),
        }
    }

    async fn start(&self, seeds: &[u8]) -> Result<Vault> {
        let url = format!(
            "sqlite://{}?mode=rwc",
            self.directory.path().join("test.db").display()
        );
        let keys = DataKeys::from_keys(seeds.iter().map(|seed| DataKey::new([*seed; 32])));
        let clock = Arc::new(self.clock.clone());
        let store = Store::open(Pool::connect(&url).await?, clock, true).await?;
        Vault::unlock(store, &keys).await
    }
}

async fn insert_token(node: &Vault, number: u64) {
    let id = number.to_be_bytes().to_vec();
    let value = node
        .keys
        .seal(ACCESS_TOKEN.aad_context(&[&id]), b"a token")
        .unwrap();
    let at = Timestamp::from_millis(0);
    let row = ActiveModel {
        id: Set(id),
        suite_id: Set(None),
        corp_id: Set(None),
        value: Set(value),
        version: Set(1),
        fetched_at: Set(at),
        expires_at: Set(at),
    };
    Entity::insert(row)
        .exec_without_returning(node.store.database())
        .await
        .unwrap();
}

#[tokio::test]
async fn key_is_retired_when_no_value_is_sealed_under_it() {
    let nodes = Nodes::new();
    let old = nodes.start(&[1]).await.unwrap();
    let rows = 2 * RESEAL_BATCH_ROWS + 50;
    for number in 0..rows {
        insert_token(&old, number).await;
    }
    // Two values do not open, one of them in the first batch.
    let broken =
        [3, RESEAL_BATCH_ROWS + 7].map(|number| Column::Id.eq(number.to_be_bytes().to_vec()));
    let broken = || broken[0].clone().or(broken[1].clone());
    let mut other = key_prefix(DataKey::new([1; 32]).id());
    other.extend([0; 60]);
    Entity::update_many()
        .col_expr(Column::Value, Expr::value(other))
        .filter(broken())
        .exec(old.store.database())
        .await
        .unwrap();

    let both = nodes.start(&[2, 1]).await.unwrap();
    insert_token(&both, rows).await;
    nodes
        .clock
        .advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
    let report = both.rotate().await.unwrap();
    assert_eq!(
        report,
        KeyRotationReport {
            resealed: rows - 2,
            unreadable: 2,
            ..KeyRotationReport::default()
        }
    );
    assert!(
        nodes.start(&[2]).await.is_err(),
        "two values are sealed under the old key"
    );

    Entity::delete_many()
        .filter(broken())
        .exec(both.store.database())
        .await
        .unwrap();
    assert_eq!(
        both.rotate().await.unwrap(),
        KeyRotationReport {
            retired: 1,
            ..KeyRotationReport::default()
        }
    );
    let alone = nodes.start(&[2]).await.unwrap();
    for row in Entity::find().all(alone.store.database()).await.unwrap() {
        let text = alone
            .keys
            .open_text(ACCESS_TOKEN.aad_context(&[&row.id]), &row.value)
            .unwrap();
        assert_eq!(text, "a token");
    }
}

#[tokio::test]
async fn key_is_not_retired_while_it_is_primary_on_a_node() {
    let nodes = Nodes::new();
    let old = nodes.start(&[1, 2]).await.unwrap();
    let new = nodes.start(&[2, 1]).await.unwrap();
    insert_token(&old, 1).await;
    for _ in 0..3 {
        nodes.clock.advance(KEY_HEARTBEAT);
        old.heartbeat().await.unwrap();
        new.heartbeat().await.unwrap();
        // Also on the old node, which reseals under the old key.
        for node in [&old, &new] {
            let report = node.rotate().await.unwrap();
            assert_eq!(
                report,
                KeyRotationReport {
                    resealed: report.resealed,
                    still_active: 1,
                    ..Default::default()
                }
            );
        }
        for lacking in [[1], [2], [3]] {
            assert!(nodes.start(&lacking).await.is_err(), "{lacking:?}");
        }
    }
    // The old node ends, and its registration expires.
    drop(old);
    nodes
        .clock
        .advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
    assert_eq!(
        new.rotate().await.unwrap(),
        KeyRotationReport {
            retired: 1,
            ..Default::default()
        }
    );
    for other in [[1], [3]] {
        assert!(nodes.start(&other).await.is_err(), "{other:?}");
    }
    assert!(nodes.start(&[2]).await.is_ok());
}

#[tokio::test]
async fn heartbeat_registers_retired_key_again() {
    let nodes = Nodes::new();
    let away = nodes.start(&[1, 2]).await.unwrap();
    let new = nodes.start(&[2, 1]).await.unwrap();
    nodes
        .clock
        .advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
    assert_eq!(new.rotate().await.unwrap().retired, 1);
    away.heartbeat().await.unwrap();
    insert_token(&away, 1).await;
    assert!(
        nodes.start(&[2]).await.is_err(),
        "the old key is registered again"
    );
}

#[tokio::test]
async fn hash_key_outlives_the_data_key_that_sealed_it() {
    let nodes = Nodes::new();
    let old = nodes.start(&[1]).await.unwrap();
    let before = HashKey::find_or_create(&old.store, &old.keys, "test")
        .await
        .unwrap()
        .hash(&[b"suite", b"corp"]);
    let rotating = nodes.start(&[2, 1]).await.unwrap();
    nodes.clock.advance(4 * KEY_HEARTBEAT);
    let report = rotating.rotate().await.unwrap();
    assert_eq!((report.resealed, report.retired), (1, 1), "{report:?}");
    let new = nodes.start(&[2]).await.unwrap();
    let after = HashKey::find(&new.store, &new.keys, "test").await.unwrap();
    assert_eq!(after.unwrap().hash(&[b"suite", b"corp"]), before);
}
