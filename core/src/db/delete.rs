//! What is over goes in small batches, so that nobody waits long for a lock and nothing is held in memory.

use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait, QueryFilter as _, QuerySelect as _, TryGetable, Value,
};

use crate::db::{Store, retry_transaction};
use crate::error::Result;

/// Rows that go in one statement.
const BATCH: u64 = 500;
/// Between two batches the others write.
const PAUSE: Duration = Duration::from_millis(5);

/// Removes every row of a table of which `over` holds, batch by batch, by the column that is its key; says how many
/// went. The keys are read first and the condition is asked again: a subselect with a limit is not in every database,
/// and a row may have come back to life in between.
pub(crate) async fn delete_in_batches<E, K>(
    store: &Store,
    key: E::Column,
    over: Condition,
) -> Result<u64>
where
    E: EntityTrait,
    K: TryGetable + Into<Value> + Clone + Send + Sync,
{
    let mut removed = 0;
    loop {
        let keys: Vec<K> = E::find()
            .select_only()
            .column(key)
            .filter(over.clone())
            .limit(BATCH)
            .into_tuple()
            .all(store.database())
            .await?;
        if keys.is_empty() {
            return Ok(removed);
        }
        let full = keys.len() as u64 == BATCH;
        let deleted = retry_transaction(|| async {
            let delete = E::delete_many()
                .filter(key.is_in(keys.clone()))
                .filter(over.clone());
            Ok(delete.exec(store.database()).await?.rows_affected)
        });
        removed += deleted.await?;
        if !full {
            return Ok(removed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use sea_orm::ActiveValue::Set;

    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::db::entity::used_state::{ActiveModel, Column, Entity};

    #[tokio::test]
    async fn more_than_a_batch_goes_and_what_is_not_over_stays() {
        let database = Store::connect("sqlite::memory:").await.unwrap();
        let store = Store::open(database, Arc::new(ManualClock::starting_now()), true)
            .await
            .unwrap();
        for number in 0..2 * BATCH + 7 {
            let row = ActiveModel {
                hash: Set(number.to_be_bytes().to_vec()),
                expires_at: Set(Timestamp::from_millis(number as i64)),
            };
            Entity::insert(row)
                .exec_without_returning(store.database())
                .await
                .unwrap();
        }
        let over =
            || Condition::all().add(Column::ExpiresAt.lt(Timestamp::from_millis(2 * BATCH as i64)));
        assert_eq!(
            delete_in_batches::<Entity, Vec<u8>>(&store, Column::Hash, over())
                .await
                .unwrap(),
            2 * BATCH
        );
        assert_eq!(Entity::find().all(store.database()).await.unwrap().len(), 7);
        assert_eq!(
            delete_in_batches::<Entity, Vec<u8>>(&store, Column::Hash, over())
                .await
                .unwrap(),
            0
        );
    }
}
