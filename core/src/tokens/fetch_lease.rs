//! One node of a cluster fetches a token; the others wait until it is stored. Two fetches do no harm, since WeCom hands
//! out the same token twice: a lease only has to be right nearly always.

use std::convert::Infallible;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::db::entity::token_lease::{ActiveModel, Column, Entity};
use crate::db::{Store, is_unique_violation, retry_transaction};
use crate::error::Result;
use crate::random;

/// A node that does not renew its lease for this long is dead or cut off, and another fetches.
const LEASE: Duration = Duration::from_secs(3);
const RENEW: Duration = Duration::from_secs(1);

/// The right to fetch one token.
pub(super) struct Lease<'a> {
    store: &'a Store,
    id: &'a [u8],
    /// One for each time it is taken: what lapsed is not given back in the place of the next holder.
    owner: String,
}

impl<'a> Lease<'a> {
    /// Takes the lease, unless another fetch holds it.
    pub(super) async fn take(store: &'a Store, id: &'a [u8]) -> Result<Option<Self>> {
        let lease = Self {
            store,
            id,
            owner: random::hex::<8>(),
        };
        Ok(retry_transaction(|| lease.is_taken())
            .await?
            .then_some(lease))
    }

    async fn is_taken(&self) -> Result<bool> {
        let (store, id, owner) = (self.store, self.id, self.owner.as_str());
        let now = store.now();
        let taken = Entity::update_many()
            .col_expr(Column::Owner, Expr::value(owner))
            .col_expr(Column::Until, Expr::value(now + LEASE))
            .filter(Column::Id.eq(id))
            // One that reaches further ahead than a lease can was made before the clock was put back.
            .filter(Column::Until.lt(now).or(Column::Until.gt(now + LEASE * 2)))
            .exec(store.database())
            .await?;
        if taken.rows_affected > 0 {
            return Ok(true);
        }
        if Entity::find_by_id(id.to_vec())
            .one(store.database())
            .await?
            .is_some()
        {
            return Ok(false);
        }
        let row = ActiveModel {
            id: Set(id.to_vec()),
            owner: Set(owner.to_owned()),
            until: Set(now + LEASE),
        };
        match Entity::insert(row)
            .exec_without_returning(store.database())
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if is_unique_violation(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Does `work` under the lease, and gives it back.
    pub(super) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        let done = tokio::select! {
            done = work => done,
            never = self.renew() => match never {},
        };
        let gone = Entity::delete_many()
            .filter(Column::Id.eq(self.id))
            .filter(Column::Owner.eq(self.owner.as_str()))
            .exec(self.store.database())
            .await;
        if let Err(error) = gone {
            tracing::debug!(target: "wecom_login", %error, "a token's lease was not given back; it runs out");
        }
        done
    }

    async fn renew(&self) -> Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            // If it fails the lease runs out, and another node may fetch too.
            let _ = Entity::update_many()
                .col_expr(Column::Until, Expr::value(self.store.now() + LEASE))
                .filter(Column::Id.eq(self.id))
                .filter(Column::Owner.eq(self.owner.as_str()))
                .exec(self.store.heartbeat())
                .await;
        }
    }
}
