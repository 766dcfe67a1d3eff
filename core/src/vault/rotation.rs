//! A change of data keys: what other keys sealed is sealed anew under the one that writes, after which they may go.

use std::time::Duration;

use sea_orm::sea_query::{
    Expr, ExprTrait as _, Func, FunctionCall, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{Condition, ConnectionTrait, Order, QueryResult, Value};

use crate::db::Sealed;
use crate::error::Result;
use crate::vault::Vault;
use crate::vault::seal::{HEAD_BYTES, head};
use crate::vault::sealed_column::{PERMANENT_CODE, SEALED_COLUMNS, SealedColumn};
use crate::vault::{KeyRing, key_registry};

/// Rows that are read at a time.
const BATCH: u64 = 200;
/// Between two batches the others write.
const PAUSE: Duration = Duration::from_millis(5);

/// What a change of data keys did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRotationReport {
    /// So many values were sealed anew under the key that writes.
    pub resealed: u64,
    /// So many could not be opened and stay as they are: this process lacks their key, or somebody changed them in the
    /// database. Their key has to stay.
    pub unreadable: u64,
    /// So many keys seal nothing any more: a start without them succeeds from now on.
    pub retired: u64,
    /// So many keys seal nothing, but a process wrote with them within the last three minutes. Do it again when there is
    /// none any more.
    pub still_active: u64,
}

impl Vault {
    /// Seals everything under the key that writes, and lets the others go under which nothing is left.
    pub(crate) async fn rotate(&self) -> Result<KeyRotationReport> {
        let mut rotated = KeyRotationReport::default();
        for column in SEALED_COLUMNS {
            self.reseal(column, &mut rotated).await?;
        }
        key_registry::retire(&self.store, &self.keys, &mut rotated).await?;
        Ok(rotated)
    }

    /// Goes through the table once, in the order of its rows.
    async fn reseal(&self, column: SealedColumn, rotated: &mut KeyRotationReport) -> Result<()> {
        let ours = head(self.keys.primary().id());
        let mut place = None;
        loop {
            let mut select = values(column);
            select
                .columns(column.key.iter().chain(&column.number).copied())
                .column(column.column);
            select.and_where(Expr::expr(head_of(column)).ne(ours.clone()));
            select.cond_where(place.as_deref().map_or_else(Condition::all, after));
            for name in column.number.as_slice().iter().chain(column.key) {
                select.order_by(*name, Order::Asc);
            }
            let rows = self.store.database().query_all(select.limit(BATCH)).await?;
            for row in &rows {
                let found = found_by(column, row)?;
                match self.reseal_row(column, row, &found).await? {
                    Some(resealed) => rotated.resealed += resealed,
                    None => rotated.unreadable += 1,
                }
                place = Some(found);
            }
            if (rows.len() as u64) < BATCH {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How many rows that was: none if the value was replaced meanwhile; `None` if it cannot be opened.
    async fn reseal_row(
        &self,
        column: SealedColumn,
        row: &QueryResult,
        found: &Found,
    ) -> Result<Option<u64>> {
        let old: Vec<u8> = row.try_get("", column.column)?;
        let key = column
            .key
            .iter()
            .map(|name| row.try_get::<Vec<u8>>("", name));
        let key: Vec<Vec<u8>> = key.collect::<std::result::Result<_, _>>()?;
        let key: Vec<&[u8]> = key.iter().map(Vec::as_slice).collect();
        let Ok(text) = self
            .keys
            .open(column.aad_context(&key), &Sealed(old.clone()))
        else {
            return Ok(None);
        };
        let new = self.keys.seal(column.aad_context(&key), &text)?;
        let mut update = Query::update();
        update
            .table(column.table)
            .value(column.column, new.0)
            .and_where(Expr::col(column.column).eq(old));
        for (name, value) in found {
            update.and_where(Expr::col(*name).eq(value.clone()));
        }
        Ok(Some(
            self.store
                .database()
                .execute(&update)
                .await?
                .rows_affected(),
        ))
    }
}

/// The columns by which a row is found, in the order of the table.
type Found = [(&'static str, Value)];

fn found_by(column: SealedColumn, row: &QueryResult) -> Result<Vec<(&'static str, Value)>> {
    if let Some(name) = column.number {
        return Ok(vec![(name, row.try_get::<i64>("", name)?.into())]);
    }
    let parts = column
        .key
        .iter()
        .map(|name| Ok((*name, row.try_get::<Vec<u8>>("", name)?.into())));
    parts.collect()
}

/// The rows after this one.
fn after(found: &Found) -> Condition {
    let mut after = Condition::any();
    for (index, (name, value)) in found.iter().enumerate() {
        let mut next = Condition::all();
        for (name, value) in &found[..index] {
            next = next.add(Expr::col(*name).eq(value.clone()));
        }
        after = after.add(next.add(Expr::col(*name).gt(value.clone())));
    }
    after
}

/// How many values are sealed under the key with this id.
pub(super) async fn sealed_under(database: &impl ConnectionTrait, key_id: &[u8]) -> Result<i64> {
    let mut sum = 0;
    for column in SEALED_COLUMNS {
        sum += count(
            database,
            column,
            Expr::expr(head_of(column)).eq(head(key_id)),
        )
        .await?;
    }
    Ok(sum)
}

/// How many permanent codes none of these keys opens. They are what cannot be had again.
pub(super) async fn codes_of_other_keys(
    database: &impl ConnectionTrait,
    keys: &KeyRing,
) -> Result<i64> {
    let heads = keys.iter().map(|key| head(key.id()));
    count(
        database,
        PERMANENT_CODE,
        Expr::expr(head_of(PERMANENT_CODE)).is_not_in(heads),
    )
    .await
}

async fn count(
    database: &impl ConnectionTrait,
    column: SealedColumn,
    which: SimpleExpr,
) -> Result<i64> {
    let mut select = values(column);
    select
        .expr_as(Expr::col(column.column).count(), "values")
        .and_where(which);
    let row = database.query_one(&select).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "values"))?)
}

fn values(column: SealedColumn) -> SelectStatement {
    let mut select = Query::select();
    select
        .from(column.table)
        .and_where(Expr::col(column.column).is_not_null());
    select
}

/// What stands before the nonce.
fn head_of(column: SealedColumn) -> FunctionCall {
    let length = i32::try_from(HEAD_BYTES).expect("a version and a key id are a few bytes");
    Func::cust("SUBSTR").args([
        Expr::col(column.column),
        Expr::value(1),
        Expr::value(length),
    ])
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::db::entity::access_token::{ActiveModel, Column, Entity};
    use crate::db::{Pool, Store};
    use crate::vault::sealed_column::ACCESS_TOKEN;
    use crate::vault::{DataKey, DataKeys, KEY_HEARTBEAT};

    /// A database, and a clock that is that of all its nodes.
    struct Nodes(tempfile::TempDir, ManualClock);

    impl Nodes {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap(), ManualClock::starting_now())
        }

        async fn start(&self, seeds: &[u8]) -> Result<Vault> {
            let url = format!(
                "sqlite://{}?mode=rwc",
                self.0.path().join("test.db").display()
            );
            let keys = DataKeys::from_keys(seeds.iter().map(|seed| DataKey::new([*seed; 32])));
            let clock = Arc::new(self.1.clone());
            let store = Store::open(Pool::connect(&url).await?, clock, true).await?;
            Vault::unlock(store, &keys).await
        }
    }

    async fn keep(node: &Vault, number: u64) {
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
    async fn a_key_goes_when_the_last_value_under_it_is_gone() {
        let nodes = Nodes::new();
        let old = nodes.start(&[1]).await.unwrap();
        let rows = 2 * BATCH + 50;
        for number in 0..rows {
            keep(&old, number).await;
        }
        // Two were spoiled by hand, one of them in the first batch.
        let spoiled = [3, BATCH + 7].map(|number| Column::Id.eq(number.to_be_bytes().to_vec()));
        let spoiled = || spoiled[0].clone().or(spoiled[1].clone());
        let mut other = head(DataKey::new([1; 32]).id());
        other.extend([0; 60]);
        Entity::update_many()
            .col_expr(Column::Value, Expr::value(other))
            .filter(spoiled())
            .exec(old.store.database())
            .await
            .unwrap();

        let both = nodes.start(&[2, 1]).await.unwrap();
        keep(&both, rows).await;
        nodes.1.advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
        let rotated = both.rotate().await.unwrap();
        assert_eq!(
            rotated,
            KeyRotationReport {
                resealed: rows - 2,
                unreadable: 2,
                ..KeyRotationReport::default()
            }
        );
        assert!(
            nodes.start(&[2]).await.is_err(),
            "something is left under the old key"
        );

        Entity::delete_many()
            .filter(spoiled())
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
    async fn a_key_stays_as_long_as_a_node_writes_with_it() {
        let nodes = Nodes::new();
        let old = nodes.start(&[1, 2]).await.unwrap();
        let new = nodes.start(&[2, 1]).await.unwrap();
        keep(&old, 1).await;
        for _ in 0..3 {
            nodes.1.advance(KEY_HEARTBEAT);
            old.heartbeat().await.unwrap();
            new.heartbeat().await.unwrap();
            // Somebody asks the wrong one too: it writes with the old key, and seals with it.
            for node in [&old, &new] {
                let rotated = node.rotate().await.unwrap();
                assert_eq!(
                    rotated,
                    KeyRotationReport {
                        resealed: rotated.resealed,
                        still_active: 1,
                        ..Default::default()
                    }
                );
            }
            for lacking in [[1], [2], [3]] {
                assert!(nodes.start(&lacking).await.is_err(), "{lacking:?}");
            }
        }
        // The old one ends, and nothing but time goes by.
        drop(old);
        nodes.1.advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
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
    async fn a_node_that_was_away_books_its_key_again() {
        let nodes = Nodes::new();
        let away = nodes.start(&[1, 2]).await.unwrap();
        let new = nodes.start(&[2, 1]).await.unwrap();
        nodes.1.advance(3 * KEY_HEARTBEAT + Duration::from_secs(1));
        assert_eq!(new.rotate().await.unwrap().retired, 1);
        away.heartbeat().await.unwrap();
        keep(&away, 1).await;
        assert!(
            nodes.start(&[2]).await.is_err(),
            "it writes with the old key"
        );
    }
}
