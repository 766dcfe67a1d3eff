//! Rotation of data keys: values that other keys sealed are resealed under the primary, then the others are retired.

use std::time::Duration;

use sea_orm::sea_query::{
    Expr, ExprTrait as _, Func, FunctionCall, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{Condition, ConnectionTrait, Order, QueryResult, Value};

use crate::db::Sealed;
use crate::error::Result;
use crate::vault::seal::{KEY_PREFIX_BYTES, key_prefix};
use crate::vault::sealed_column::{PERMANENT_CODE, SEALED_COLUMNS, SealedColumn};
use crate::vault::{KeyRing, Vault, key_registry};

/// Rows read at a time.
const RESEAL_BATCH_ROWS: u64 = 200;
/// The pause between two batches, in which others write.
const RESEAL_BATCH_PAUSE: Duration = Duration::from_millis(5);

/// What a rotation of data keys did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRotationReport {
    /// Values that were resealed under the primary key.
    pub resealed: u64,
    /// Values that could not be opened and stay as they are: this process lacks their key, or they were changed in the
    /// database. Do not remove their key.
    pub unreadable: u64,
    /// Keys that seal nothing any more: a start without them succeeds from now on.
    pub retired: u64,
    /// Keys that seal nothing, but that were the primary of some process within the last three minutes. Rotate again
    /// when there is no such process.
    pub still_active: u64,
}

impl Vault {
    /// Reseals every value under the primary key, and retires the other keys under which nothing is sealed.
    pub(crate) async fn rotate(&self) -> Result<KeyRotationReport> {
        let mut report = KeyRotationReport::default();
        for column in SEALED_COLUMNS {
            self.reseal(column, &mut report).await?;
        }
        key_registry::retire(&self.store, &self.keys, &mut report).await?;
        Ok(report)
    }

    /// Reseals one column, in the order of the primary key.
    async fn reseal(&self, column: SealedColumn, report: &mut KeyRotationReport) -> Result<()> {
        let primary_prefix = key_prefix(self.keys.primary().id());
        let mut last_row = None;
        loop {
            let mut select = sealed_values(column);
            select
                .columns(column.key.iter().chain(&column.numeric_id).copied())
                .column(column.column);
            select.and_where(Expr::expr(prefix_of(column)).ne(primary_prefix.clone()));
            select.cond_where(last_row.as_deref().map_or_else(Condition::all, is_after));
            for name in column.numeric_id.as_slice().iter().chain(column.key) {
                select.order_by(*name, Order::Asc);
            }
            let select = select.limit(RESEAL_BATCH_ROWS);
            let rows = self.store.database().query_all(select).await?;
            for row in &rows {
                let row_id = row_id(column, row)?;
                match self.reseal_row(column, row, &row_id).await? {
                    Some(resealed) => report.resealed += resealed,
                    None => report.unreadable += 1,
                }
                last_row = Some(row_id);
            }
            if (rows.len() as u64) < RESEAL_BATCH_ROWS {
                return Ok(());
            }
            tokio::time::sleep(RESEAL_BATCH_PAUSE).await;
        }
    }

    /// Returns how many rows were resealed: none if the value was replaced meanwhile; `None` if it does not open.
    async fn reseal_row(
        &self,
        column: SealedColumn,
        row: &QueryResult,
        row_id: &RowId,
    ) -> Result<Option<u64>> {
        let old: Vec<u8> = row.try_get("", column.column)?;
        let key = column
            .key
            .iter()
            .map(|name| row.try_get::<Vec<u8>>("", name));
        let key: Vec<Vec<u8>> = key.collect::<std::result::Result<_, _>>()?;
        let key: Vec<&[u8]> = key.iter().map(Vec::as_slice).collect();
        let context = column.aad_context(&key);
        let Ok(plaintext) = self.keys.open(context, &Sealed(old.clone())) else {
            return Ok(None);
        };
        let new = self.keys.seal(context, &plaintext)?;
        let mut update = Query::update();
        update
            .table(column.table)
            .value(column.column, new.0)
            .and_where(Expr::col(column.column).eq(old));
        for (name, value) in row_id {
            update.and_where(Expr::col(*name).eq(value.clone()));
        }
        let updated = self.store.database().execute(&update).await?;
        Ok(Some(updated.rows_affected()))
    }
}

/// The columns of a primary key with their values, in the order of the index.
type RowId = [(&'static str, Value)];

fn row_id(column: SealedColumn, row: &QueryResult) -> Result<Vec<(&'static str, Value)>> {
    if let Some(name) = column.numeric_id {
        return Ok(vec![(name, row.try_get::<i64>("", name)?.into())]);
    }
    let parts = column
        .key
        .iter()
        .map(|name| Ok((*name, row.try_get::<Vec<u8>>("", name)?.into())));
    parts.collect()
}

/// Matches the rows after this one.
fn is_after(row_id: &RowId) -> Condition {
    let mut after = Condition::any();
    for (index, (name, value)) in row_id.iter().enumerate() {
        let mut next = Condition::all();
        for (name, value) in &row_id[..index] {
            next = next.add(Expr::col(*name).eq(value.clone()));
        }
        after = after.add(next.add(Expr::col(*name).gt(value.clone())));
    }
    after
}

/// Counts the values that are sealed under the key with this id.
pub(super) async fn count_sealed_under(
    database: &impl ConnectionTrait,
    key_id: &[u8],
) -> Result<i64> {
    let mut sum = 0;
    for column in SEALED_COLUMNS {
        let is_under_key = Expr::expr(prefix_of(column)).eq(key_prefix(key_id));
        sum += count(database, column, is_under_key).await?;
    }
    Ok(sum)
}

/// Counts the permanent codes that none of these keys opens. WeCom does not issue them again.
pub(super) async fn count_unreadable_codes(
    database: &impl ConnectionTrait,
    keys: &KeyRing,
) -> Result<i64> {
    let prefixes = keys.iter().map(|key| key_prefix(key.id()));
    let is_under_other_key = Expr::expr(prefix_of(PERMANENT_CODE)).is_not_in(prefixes);
    count(database, PERMANENT_CODE, is_under_other_key).await
}

async fn count(
    database: &impl ConnectionTrait,
    column: SealedColumn,
    filter: SimpleExpr,
) -> Result<i64> {
    let mut select = sealed_values(column);
    select
        .expr_as(Expr::col(column.column).count(), "values")
        .and_where(filter);
    let row = database.query_one(&select).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "values"))?)
}

/// Selects the rows that have a value.
fn sealed_values(column: SealedColumn) -> SelectStatement {
    let mut select = Query::select();
    select
        .from(column.table)
        .and_where(Expr::col(column.column).is_not_null());
    select
}

/// The version and key id of a value.
fn prefix_of(column: SealedColumn) -> FunctionCall {
    let length = i32::try_from(KEY_PREFIX_BYTES).expect("a version and a key id are a few bytes");
    Func::cust("SUBSTR").args([
        Expr::col(column.column),
        Expr::value(1),
        Expr::value(length),
    ])
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
