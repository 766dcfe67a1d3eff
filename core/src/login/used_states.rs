//! The used states of browser logins: those whose code WeCom accepted.

use std::fmt;
use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::db::entity::used_state::{ActiveModel, Column, Entity};
use crate::db::{Store, delete_in_batches, is_unique_violation};
use crate::error::Result;

/// No state is valid for longer.
pub(super) const STATE_TTL: Duration = Duration::from_mins(10);
/// A row outlives its state, so that no other node whose clock is behind takes the state again.
const KEPT_LONGER: Duration = Duration::from_mins(10);

#[derive(Clone)]
pub(crate) struct UsedStates {
    store: Store,
}

impl UsedStates {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whether a code that came with this state was accepted before.
    pub(crate) async fn contains(&self, state: &str) -> Result<bool> {
        Ok(Entity::find_by_id(hash(state))
            .one(self.store.database())
            .await?
            .is_some())
    }

    /// Uses a state up. Of several concurrent calls, one returns true.
    pub(crate) async fn consume(&self, state: &str, expires_at: Timestamp) -> Result<bool> {
        let row = ActiveModel {
            hash: Set(hash(state)),
            expires_at: Set(expires_at + KEPT_LONGER),
        };
        match Entity::insert(row)
            .exec_without_returning(self.store.database())
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if is_unique_violation(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what expired; says how many went.
    pub(crate) async fn remove_expired(&self) -> Result<u64> {
        let expired = Condition::all().add(Column::ExpiresAt.lte(self.store.now()));
        delete_in_batches::<Entity, Vec<u8>>(&self.store, Column::Hash, expired).await
    }
}

impl fmt::Debug for UsedStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsedStates")
    }
}

fn hash(state: &str) -> Vec<u8> {
    Sha256::digest(state.as_bytes()).to_vec()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::db::Pool;

    #[tokio::test]
    async fn a_state_is_spent_once_and_forgotten_after_its_time() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = ManualClock::starting_now();
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        let states = UsedStates::new(store.clone());
        assert!(!states.contains("a").await.unwrap());
        let expires_at = store.now() + Duration::from_mins(10);
        assert!(states.consume("a", expires_at).await.unwrap());
        assert!(!states.consume("a", expires_at).await.unwrap());
        assert!(states.contains("a").await.unwrap() && !states.contains("b").await.unwrap());

        clock.advance(Duration::from_mins(19));
        assert_eq!(states.remove_expired().await.unwrap(), 0);
        clock.advance(Duration::from_mins(1));
        assert_eq!(states.remove_expired().await.unwrap(), 1);
        assert!(!states.contains("a").await.unwrap());
    }
}
