//! The counter row: it numbers the revocation log, and its lock serializes what one node at a time may do.

use sea_orm::{
    ActiveValue::Set, DatabaseConnection, DatabaseTransaction, EntityTrait as _, QuerySelect as _,
};

use crate::db::entity::counter;
use crate::db::is_unique_violation;
use crate::error::Result;

/// The id of the only row.
pub(crate) const COUNTER: i64 = 1;

/// Makes the counter's row, once in the life of a database.
pub(crate) async fn prepare(database: &DatabaseConnection) -> Result<()> {
    if counter::Entity::find_by_id(COUNTER)
        .one(database)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let row = counter::ActiveModel {
        id: Set(COUNTER),
        value: Set(0),
    };
    match counter::Entity::insert(row)
        .exec_without_returning(database)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if is_unique_violation(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whoever does this at the same time waits until the transaction ends.
pub(crate) async fn lock_counter(transaction: &DatabaseTransaction) -> Result<()> {
    counter::Entity::find_by_id(COUNTER)
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(())
}
