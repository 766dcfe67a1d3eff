//! The used states of browser logins: those whose code was sent to WeCom, unless WeCom refused it.
//!
//! A login claims its state before it sends the code, so that of concurrent requests one sends it. The row holds the hash
//! of the token that the session will have: a request that repeats the login recognizes by it that it has the same code,
//! and waits for that session.

use std::fmt;
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::db::entity::used_state::{ActiveModel, Column, Entity};
use crate::db::{Store, delete_in_batches, is_unique_violation};
use crate::domain::{LoginLink, TokenHash};
use crate::error::Result;
use crate::login::FormerUse;

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

    /// Claims a state for the login that leads to the session of this token. `Some` if it was claimed before.
    pub(crate) async fn claim(
        &self,
        state: &str,
        token_hash: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<Option<FormerUse>> {
        let database = self.store.database();
        loop {
            let row = ActiveModel {
                hash: Set(hash(state)),
                expires_at: Set(expires_at + KEPT_LONGER),
                token_hash: Set(Some(token_hash.to_vec())),
                used_at: Set(Some(self.store.now())),
                link: Set(None),
            };
            match Entity::insert(row).exec_without_returning(database).await {
                Ok(_) => return Ok(None),
                Err(error) if is_unique_violation(&error) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(row) = Entity::find_by_id(hash(state)).one(database).await? {
                return Ok(Some(FormerUse {
                    token_hash: row.token_hash,
                    // A node of the previous version does not say when.
                    used_at: row.used_at.unwrap_or_default(),
                    link: row.link.as_deref().and_then(LoginLink::from_stored),
                }));
            }
            // It was released between the two statements.
        }
    }

    /// Gives a state back whose code WeCom did not accept: it may come with another code.
    pub(crate) async fn release(&self, state: &str, token_hash: &TokenHash) -> Result<()> {
        Entity::delete_many()
            .filter(claimed(state, token_hash))
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    /// Records that the code was accepted and leads to a page of the host app.
    pub(crate) async fn record_link(
        &self,
        state: &str,
        token_hash: &TokenHash,
        link: &LoginLink,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Link, Expr::value(link.to_stored()))
            .filter(claimed(state, token_hash))
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    /// Records that the code was accepted and leads to no session.
    pub(crate) async fn end(&self, state: &str, token_hash: &TokenHash) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::TokenHash, Expr::value(None::<Vec<u8>>))
            .filter(claimed(state, token_hash))
            .exec(self.store.database())
            .await?;
        Ok(())
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

fn claimed(state: &str, token_hash: &TokenHash) -> Condition {
    Condition::all()
        .add(Column::Hash.eq(hash(state)))
        .add(Column::TokenHash.eq(token_hash.to_vec()))
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
    async fn a_state_is_claimed_once_and_forgotten_after_its_time() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = ManualClock::starting_now();
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        let states = UsedStates::new(store.clone());
        let (one, two) = ([1; 32], [2; 32]);
        let used_at = store.now();
        let former = |token_hash: Option<TokenHash>| {
            Some(FormerUse {
                token_hash: token_hash.map(|hash| hash.to_vec()),
                used_at,
                link: None,
            })
        };
        let expires_at = used_at + Duration::from_mins(10);
        let claim = async |hash| states.claim("a", hash, expires_at).await.unwrap();
        assert_eq!(claim(&one).await, None);
        assert_eq!(claim(&two).await, former(Some(one)));

        // Only the login that has the claim gives it back or ends it.
        states.release("a", &two).await.unwrap();
        assert_eq!(claim(&two).await, former(Some(one)));
        states.release("a", &one).await.unwrap();
        assert_eq!(claim(&two).await, None);
        states.end("a", &one).await.unwrap();
        assert_eq!(claim(&one).await, former(Some(two)));
        states.end("a", &two).await.unwrap();
        assert_eq!(claim(&two).await, former(None));

        clock.advance(Duration::from_mins(19));
        assert_eq!(states.remove_expired().await.unwrap(), 0);
        clock.advance(Duration::from_mins(1));
        assert_eq!(states.remove_expired().await.unwrap(), 1);
        assert_eq!(claim(&one).await, None);
    }
}
