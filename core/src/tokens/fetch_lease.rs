//! The lease under which one node of a cluster fetches a token while the others wait until it is stored. Two fetches at
//! once are harmless, because WeCom returns the same token twice: the lease may be wrong in rare cases.

use std::convert::Infallible;
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

use crate::db::entity::token_lease::{ActiveModel, Column, Entity};
use crate::db::{RowLease, Store, retry_transaction};
use crate::error::Result;
use crate::random;

/// After this time without a renewal, another node fetches.
const FETCH_LEASE_DURATION: Duration = Duration::from_secs(3);
const FETCH_LEASE_RENEWAL: Duration = Duration::from_secs(1);
/// A lease that ends later was made before the clock was set back.
const MAX_FETCH_LEASE_DURATION: Duration = Duration::from_secs(6);
const ROW_LEASE: RowLease<Entity> =
    RowLease::new(Column::Until, FETCH_LEASE_DURATION).with_max_duration(MAX_FETCH_LEASE_DURATION);

/// The right to fetch one token.
pub(super) struct FetchLease<'a> {
    store: &'a Store,
    row_id: &'a [u8],
    /// Unique per acquisition, so that an expired holder does not release the lease of the next one.
    owner: String,
}

impl<'a> FetchLease<'a> {
    /// Acquires the lease; `None` if another fetch holds it.
    pub(super) async fn acquire(store: &'a Store, row_id: &'a [u8]) -> Result<Option<Self>> {
        let lease = Self {
            store,
            row_id,
            owner: random::hex::<8>(),
        };
        let acquired = retry_transaction(|| lease.acquire_once()).await?;
        Ok(acquired.then_some(lease))
    }

    /// Runs `work` under the lease, then releases it.
    pub(super) async fn run<T>(self, work: impl Future<Output = T>) -> T {
        let output = tokio::select! {
            output = work => output,
            never = self.keep_renewing() => match never {},
        };
        let released = Entity::delete_many()
            .filter(Column::Id.eq(self.row_id))
            .filter(Column::Owner.eq(self.owner.as_str()))
            .exec(self.store.database())
            .await;
        if let Err(error) = released {
            tracing::debug!(target: "wecom_login", %error, "the lease of a token fetch was not released; it will expire");
        }
        output
    }

    async fn acquire_once(&self) -> Result<bool> {
        let row = Entity::update_many()
            .col_expr(Column::Owner, Expr::value(self.owner.as_str()))
            .filter(Column::Id.eq(self.row_id));
        let first = ActiveModel {
            id: Set(self.row_id.to_vec()),
            owner: Set(self.owner.clone()),
            until: NotSet,
        };
        let (database, now) = (self.store.database(), self.store.now());
        ROW_LEASE
            .acquire_or_insert(database, self.row_id.to_vec(), row, now, first)
            .await
    }

    async fn keep_renewing(&self) -> Infallible {
        loop {
            tokio::time::sleep(FETCH_LEASE_RENEWAL).await;
            let held = Entity::update_many()
                .filter(Column::Id.eq(self.row_id))
                .filter(Column::Owner.eq(self.owner.as_str()));
            // If this fails the lease expires, and another node may fetch too.
            let _ = ROW_LEASE
                .renew(self.store.heartbeat(), held, self.store.now())
                .await;
        }
    }
}
