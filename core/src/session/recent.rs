//! What ended lately. A failover or a restore can bring back what was ended; then it is ended once more, for this node
//! and for all others.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::error::Result;
use crate::session::epoch::EpochOf;
use crate::session::token::TokenHash;
use crate::store::ends::{self, End};
use crate::store::entity::{authorization, person, session};
use crate::store::{Store, retried};

/// A replica that takes over is behind by seconds; a backup that is put back is another matter.
const REMEMBERED: Duration = Duration::from_mins(5);
/// More ends than that within five minutes are not of people who log out.
const AT_MOST: u64 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    Epoch(EpochOf),
    Session(TokenHash),
}

/// The ends that this node made or heard of.
#[derive(Clone, Debug)]
pub(crate) struct Recent(moka::sync::Cache<What, End>);

impl Recent {
    pub(crate) fn new() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(AT_MOST).time_to_live(REMEMBERED).build())
    }

    pub(crate) fn session(&self, hash: TokenHash) {
        self.0.insert(What::Session(hash), End::Session { token_hash: hash.to_vec() });
    }

    pub(crate) fn epoch(&self, whose: &EpochOf, epoch: i64) {
        let what = What::Epoch(whose.clone());
        if self.0.get(&what).is_some_and(|known| epoch_of(&known) >= Some(epoch)) {
            return;
        }
        let end = match whose.clone() {
            EpochOf::Authorization(company) => {
                let (suite_id, corp_id) = (*company).clone();
                End::Authorization { suite_id, corp_id, epoch }
            }
            EpochOf::Person(who, authorization_epoch) => End::Person {
                suite_id: who.suite_id.clone(),
                corp_id: who.corp_id.clone(),
                user_id: who.user_id.clone(),
                authorization_epoch,
                epoch,
            },
        };
        self.0.insert(what, end);
    }

    /// Ends all of it once more, where the database forgot it. Doing so twice does no harm.
    pub(crate) async fn repeat(&self, store: &Store) -> Result<()> {
        for (_, end) in &self.0 {
            retried(|| repeat(store, &end)).await?;
        }
        Ok(())
    }
}

async fn repeat(store: &Store, end: &End) -> Result<()> {
    let transaction = store.begin().await?;
    let changed = match end.clone() {
        End::Session { token_hash } => {
            session::Entity::delete_many()
                .filter(session::Column::TokenHash.eq(token_hash))
                .exec(&transaction)
                .await?
                .rows_affected
        }
        End::Authorization { suite_id, corp_id, epoch } => {
            authorization::Entity::update_many()
                .col_expr(authorization::Column::Epoch, Expr::value(epoch))
                .filter(authorization::Column::SuiteId.eq(suite_id))
                .filter(authorization::Column::CorpId.eq(corp_id))
                .filter(authorization::Column::Epoch.lt(epoch))
                .exec(&transaction)
                .await?
                .rows_affected
        }
        End::Person { suite_id, corp_id, user_id, epoch, .. } => {
            person::Entity::update_many()
                .col_expr(person::Column::Epoch, Expr::value(epoch))
                .filter(person::Column::SuiteId.eq(suite_id))
                .filter(person::Column::CorpId.eq(corp_id))
                .filter(person::Column::UserId.eq(user_id))
                .filter(person::Column::Epoch.lt(epoch))
                .exec(&transaction)
                .await?
                .rows_affected
        }
    };
    if changed == 0 {
        transaction.rollback().await?;
        return Ok(());
    }
    ends::publish(&transaction, end, store.now()).await?;
    transaction.commit().await?;
    Ok(())
}

const fn epoch_of(end: &End) -> Option<i64> {
    match end {
        End::Authorization { epoch, .. } | End::Person { epoch, .. } => Some(*epoch),
        End::Session { .. } => None,
    }
}
