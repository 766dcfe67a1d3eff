//! Deletion in small batches, which holds no lock for long and no more than one batch in memory.

use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait, QueryFilter as _, QuerySelect as _, TryGetable, Value,
};

use crate::db::{Store, retry_transaction};
use crate::error::Result;

/// Rows deleted by one statement.
const DELETE_BATCH_ROWS: u64 = 500;
/// The pause between two batches, in which others write.
const DELETE_BATCH_PAUSE: Duration = Duration::from_millis(5);

/// Deletes the rows that `filter` matches, batch by batch, and returns how many there were. `key` is the column that
/// identifies a row.
///
/// The keys of a batch are read first, since not every database takes a subselect with a limit. The statement that
/// deletes them applies `filter` again, since a row may have been renewed in between.
pub(crate) async fn delete_in_batches<E, K>(
    store: &Store,
    key: E::Column,
    filter: Condition,
) -> Result<u64>
where
    E: EntityTrait,
    K: TryGetable + Into<Value> + Clone + Send + Sync,
{
    let mut deleted = 0;
    loop {
        let keys: Vec<K> = E::find()
            .select_only()
            .column(key)
            .filter(filter.clone())
            .limit(DELETE_BATCH_ROWS)
            .into_tuple()
            .all(store.database())
            .await?;
        if keys.is_empty() {
            return Ok(deleted);
        }
        let is_full = keys.len() as u64 == DELETE_BATCH_ROWS;
        let batch = retry_transaction(|| async {
            let delete = E::delete_many()
                .filter(key.is_in(keys.clone()))
                .filter(filter.clone());
            Ok(delete.exec(store.database()).await?.rows_affected)
        });
        deleted += batch.await?;
        if !is_full {
            return Ok(deleted);
        }
        tokio::time::sleep(DELETE_BATCH_PAUSE).await;
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use sea_orm::ActiveValue::Set;

    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::db::Pool;
    use crate::db::entity::used_state::{ActiveModel, Column, Entity};

    #[tokio::test]
    async fn delete_in_batches_deletes_every_match_and_nothing_else() {
        let pool = Pool::connect("sqlite::memory:").await.unwrap();
        let store = Store::open(pool, Arc::new(ManualClock::starting_now()), true)
            .await
            .unwrap();
        for number in 0..2 * DELETE_BATCH_ROWS + 7 {
            let row = ActiveModel {
                hash: Set(number.to_be_bytes().to_vec()),
                expires_at: Set(Timestamp::from_millis(number as i64)),
                ..Default::default()
            };
            Entity::insert(row)
                .exec_without_returning(store.database())
                .await
                .unwrap();
        }
        let expired = || {
            let first_kept = Timestamp::from_millis(2 * DELETE_BATCH_ROWS as i64);
            Condition::all().add(Column::ExpiresAt.lt(first_kept))
        };
        assert_eq!(
            delete_in_batches::<Entity, Vec<u8>>(&store, Column::Hash, expired())
                .await
                .unwrap(),
            2 * DELETE_BATCH_ROWS
        );
        assert_eq!(Entity::find().all(store.database()).await.unwrap().len(), 7);
        assert_eq!(
            delete_in_batches::<Entity, Vec<u8>>(&store, Column::Hash, expired())
                .await
                .unwrap(),
            0
        );
    }
}
