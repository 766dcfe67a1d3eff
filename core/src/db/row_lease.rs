//! Leases on rows: one node works on a row until a time that stands in one of its columns.
//!
//! A lease is acquired by compare-and-set: the one statement that finds the column in the past moves it on. All times
//! are the database's.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ActiveModelBehavior, ColumnTrait, ConnectionTrait, EntityTrait, PrimaryKeyTrait,
    QueryFilter as _, UpdateMany,
};

use crate::clock::Timestamp;
use crate::db::is_unique_violation;
use crate::error::Result;

/// The lease that a column of a table holds: the row is leased until that time.
#[derive(Debug)]
pub(crate) struct RowLease<E: EntityTrait> {
    column: E::Column,
    duration: Duration,
    max_duration: Option<Duration>,
}

impl<E: EntityTrait> RowLease<E> {
    /// A lease in this column, for so long.
    pub(crate) const fn new(column: E::Column, duration: Duration) -> Self {
        Self {
            column,
            duration,
            max_duration: None,
        }
    }

    /// Makes a lease that ends later than `max` from now free: a clock that was wrong set it.
    pub(crate) const fn with_max_duration(mut self, max: Duration) -> Self {
        self.max_duration = Some(max);
        self
    }

    /// The condition that nobody holds the lease.
    pub(crate) fn is_free(&self, now: Timestamp) -> SimpleExpr {
        let expired = self.column.lte(now);
        match self.max_duration {
            Some(max) => expired.or(self.column.gt(now + max)),
            None => expired,
        }
    }

    /// Adds to an update that the lease runs from now on. The update's filter decides whether it is acquired.
    pub(crate) fn extend(&self, update: UpdateMany<E>, now: Timestamp) -> UpdateMany<E> {
        update.col_expr(self.column, Expr::value(now + self.duration))
    }

    /// Acquires the lease of the row that `row` filters, if it is free. `row` may set more columns.
    pub(crate) async fn acquire(
        &self,
        database: &impl ConnectionTrait,
        row: UpdateMany<E>,
        now: Timestamp,
    ) -> Result<bool> {
        self.renew(database, row.filter(self.is_free(now)), now)
            .await
    }

    /// Acquires the lease as [`acquire`](Self::acquire) does, or by inserting `first` if there is no row with this key.
    pub(crate) async fn acquire_or_insert(
        &self,
        database: &impl ConnectionTrait,
        key: <E::PrimaryKey as PrimaryKeyTrait>::ValueType,
        row: UpdateMany<E>,
        now: Timestamp,
        mut first: impl ActiveModelBehavior<Entity = E>,
    ) -> Result<bool> {
        if self.acquire(database, row, now).await? {
            return Ok(true);
        }
        if E::find_by_id(key).one(database).await?.is_some() {
            return Ok(false);
        }
        first.set(self.column, (now + self.duration).into());
        match E::insert(first).exec_without_returning(database).await {
            Ok(_) => Ok(true),
            // Another node was first.
            Err(error) if is_unique_violation(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Renews the lease of the row that `held` filters; `false` if there is none.
    pub(crate) async fn renew(
        &self,
        database: &impl ConnectionTrait,
        held: UpdateMany<E>,
        now: Timestamp,
    ) -> Result<bool> {
        let renewed = self.extend(held, now).exec(database).await?;
        Ok(renewed.rows_affected > 0)
    }
}
