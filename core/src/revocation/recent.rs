//! What ended lately. A failover or a restore can bring back what was ended; then it is ended once more, for this node
//! and for all others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::db::cursor::Cursor;
use crate::db::entity::{authorization, person, session};
use crate::db::{Store, retried};
use crate::domain::TokenHash;
use crate::error::Result;
use crate::revocation::epoch::EpochOf;
use crate::revocation::log::{self, End};

/// A replica that takes over is behind by seconds; a backup that is put back is another matter.
pub(crate) const REMEMBERED: Duration = Duration::from_mins(5);
/// More ends than that within five minutes are not of people who log out.
const AT_MOST: u64 = 100_000;
/// How far apart the places in the feed are that are noted.
const NOTED_EVERY: Duration = Duration::from_secs(10);
/// An end that could not be repeated is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    All,
    Epoch(EpochOf),
    Session(TokenHash),
}

/// The ends that this node made or heard of.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    ends: moka::sync::Cache<What, End>,
    /// Places in the feed, oldest first: every end that came after one of them is remembered.
    places: Arc<Mutex<VecDeque<(Instant, Cursor)>>>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self {
            ends: moka::sync::Cache::builder()
                .max_capacity(AT_MOST)
                .time_to_live(REMEMBERED)
                .build(),
            places: Arc::default(),
        }
    }

    /// This node has heard of every end up to this one.
    pub(crate) fn heard(&self, heard: Cursor) {
        let mut places = self.places();
        if places
            .back()
            .is_none_or(|(noted_at, _)| noted_at.elapsed() >= NOTED_EVERY)
        {
            places.push_back((Instant::now(), heard));
        }
        forget_early(&mut places);
    }

    /// The feed was lost hold of, and goes on from here.
    pub(crate) fn heard_anew(&self, heard: Cursor) {
        let mut places = self.places();
        places.clear();
        places.push_back((Instant::now(), heard));
    }

    /// Whether the database, which is not the one it was, lacks only ends that are remembered here.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn covers(&self, store: &Store, heard: Cursor) -> Result<bool> {
        let oldest = {
            let mut places = self.places();
            forget_early(&mut places);
            places.front().map(|(_, place)| *place)
        };
        let Some(oldest) = oldest else {
            return Ok(false);
        };
        let many = heard.seq.abs_diff(oldest.seq) > AT_MOST;
        Ok(!many && log::contains(store.pulse(), oldest).await?)
    }

    /// Every session of the service is over.
    pub(crate) fn all(&self) {
        self.ends.insert(What::All, End::All);
    }

    /// Whether all of them ended lately.
    pub(crate) fn all_ended(&self) -> bool {
        self.ends.contains_key(&What::All)
    }

    pub(crate) fn session(&self, hash: TokenHash) {
        self.ends.insert(
            What::Session(hash),
            End::Session {
                token_hash: hash.to_vec(),
            },
        );
    }

    pub(crate) fn epoch(&self, whose: &EpochOf, epoch: i64) {
        let what = What::Epoch(whose.clone());
        if self
            .ends
            .get(&what)
            .is_some_and(|known| epoch_of(&known) >= Some(epoch))
        {
            return;
        }
        let end = match whose.clone() {
            EpochOf::Authorization(company) => {
                let (suite_id, corp_id) = (*company).clone();
                End::Authorization {
                    suite_id,
                    corp_id,
                    epoch,
                }
            }
            EpochOf::Person(who, authorization_epoch) => End::Person {
                suite_id: who.suite_id.clone(),
                corp_id: who.corp_id.clone(),
                third_user_id: who.third_user_id.clone(),
                authorization_epoch,
                epoch,
            },
        };
        self.ends.insert(what, end);
    }

    /// Ends all of it once more, where the database forgot it. Doing so twice does no harm.
    pub(crate) async fn repeat(&self, store: &Store) {
        let remembered: Vec<End> = self.ends.iter().map(|(_, end)| end).collect();
        for end in remembered {
            while let Err(error) = retried(|| repeat(store, &end)).await {
                tracing::warn!(target: "wecom_login", ?error, "what the database forgot is not ended again yet");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, VecDeque<(Instant, Cursor)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came right after a place must not have been forgotten yet.
fn forget_early(places: &mut VecDeque<(Instant, Cursor)>) {
    while places
        .front()
        .is_some_and(|(noted_at, _)| noted_at.elapsed() + NOTED_EVERY > REMEMBERED)
    {
        places.pop_front();
    }
}

async fn repeat(store: &Store, end: &End) -> Result<()> {
    let transaction = store.begin().await?;
    let changed = match end.clone() {
        // Done anew, not repeated.
        End::All => 0,
        End::Session { token_hash } => {
            session::Entity::delete_many()
                .filter(session::Column::TokenHash.eq(token_hash))
                .exec(&transaction)
                .await?
                .rows_affected
        }
        End::Authorization {
            suite_id,
            corp_id,
            epoch,
        } => {
            authorization::Entity::update_many()
                .col_expr(authorization::Column::Epoch, Expr::value(epoch))
                .filter(authorization::Column::SuiteId.eq(suite_id))
                .filter(authorization::Column::CorpId.eq(corp_id))
                .filter(authorization::Column::Epoch.lt(epoch))
                .exec(&transaction)
                .await?
                .rows_affected
        }
        End::Person {
            suite_id,
            corp_id,
            third_user_id,
            epoch,
            ..
        } => {
            person::Entity::update_many()
                .col_expr(person::Column::Epoch, Expr::value(epoch))
                .filter(person::Column::SuiteId.eq(suite_id))
                .filter(person::Column::CorpId.eq(corp_id))
                .filter(person::Column::ThirdUserId.eq(third_user_id))
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
    log::publish(&transaction, end, store.now()).await?;
    transaction.commit().await?;
    Ok(())
}

const fn epoch_of(end: &End) -> Option<i64> {
    match end {
        End::Authorization { epoch, .. } | End::Person { epoch, .. } => Some(*epoch),
        End::All | End::Session { .. } => None,
    }
}
