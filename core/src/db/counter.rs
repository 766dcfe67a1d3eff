//! The counter row: it numbers the revocation log, and its lock serializes what one node at a time may do.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};

use crate::db::entity::counter::{ActiveModel, Column, Entity};
use crate::db::{Transaction, is_unique_violation};
use crate::error::Result;

/// The id of the only row.
const COUNTER_ID: i64 = 1;

/// Inserts the counter row, if it is not there yet.
pub(super) async fn insert_counter(database: &impl ConnectionTrait) -> Result<()> {
    if Entity::find_by_id(COUNTER_ID)
        .one(database)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let row = ActiveModel {
        id: Set(COUNTER_ID),
        value: Set(0),
    };
    match Entity::insert(row).exec_without_returning(database).await {
        Ok(_) => Ok(()),
        Err(error) if is_unique_violation(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Locks the counter row until the transaction ends; another transaction that locks it waits.
pub(crate) async fn lock_counter(transaction: &impl ConnectionTrait) -> Result<()> {
    Entity::find_by_id(COUNTER_ID)
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(())
}

/// Increments the counter and returns its value. The row stays locked until the transaction ends, so numbers are
/// committed in their order.
pub(crate) async fn next_seq(transaction: &Transaction) -> Result<i64> {
    Entity::update_many()
        .col_expr(Column::Value, Expr::col(Column::Value).add(1))
        .filter(Column::Id.eq(COUNTER_ID))
        .exec(transaction)
        .await?;
    let row = Entity::find_by_id(COUNTER_ID).one(transaction).await?;
    Ok(row.map_or(0, |row| row.value))
}
