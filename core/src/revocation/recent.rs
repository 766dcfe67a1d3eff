//! Key ended lately. A failover or a restore can bring back what was ended; then it is ended once more, for this node
//! and for all others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::db::Cursor;
use crate::db::entity::{authorization, member, session};
use crate::db::{Store, retry_transaction};
use crate::domain::TokenHash;
use crate::error::Result;
use crate::revocation::epoch::EpochKey;
use crate::revocation::log::{self, Revocation};

/// A replica that takes over is behind by seconds; a backup that is put back is another matter.
pub(crate) const RECENT_REVOCATIONS_TTL: Duration = Duration::from_mins(5);
/// More ends than that within five minutes are not of people who log out.
const AT_MOST: u64 = 100_000;
/// How far apart the places in the feed are that are noted.
const NOTED_EVERY: Duration = Duration::from_secs(10);
/// An end that could not be repeated is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    All,
    Epoch(EpochKey),
    Session(TokenHash),
}

/// The ends that this node made or heard of.
#[derive(Clone, Debug)]
pub(crate) struct RecentRevocations {
    ends: moka::sync::Cache<Key, Revocation>,
    /// Places in the feed, oldest first: every end that came after one of them is remembered.
    places: Arc<Mutex<VecDeque<(Instant, Cursor)>>>,
}

impl RecentRevocations {
    pub(crate) fn new() -> Self {
        Self {
            ends: moka::sync::Cache::builder()
                .max_capacity(AT_MOST)
                .time_to_live(RECENT_REVOCATIONS_TTL)
                .build(),
            places: Arc::default(),
        }
    }

    /// This node has heard of every end up to this one.
    pub(crate) fn checkpoint(&self, heard: Cursor) {
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
    pub(crate) fn reset(&self, heard: Cursor) {
        let mut places = self.places();
        places.clear();
        places.push_back((Instant::now(), heard));
    }

    /// Whether the database, which is not the one it was, lacks only ends that are remembered here.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn covers_gap(&self, store: &Store, heard: Cursor) -> Result<bool> {
        let oldest = {
            let mut places = self.places();
            forget_early(&mut places);
            places.front().map(|(_, place)| *place)
        };
        let Some(oldest) = oldest else {
            return Ok(false);
        };
        let many = heard.seq.abs_diff(oldest.seq) > AT_MOST;
        Ok(!many && log::contains(store.heartbeat(), oldest).await?)
    }

    /// Every session of the service is over.
    pub(crate) fn insert_revoke_all(&self) {
        self.ends.insert(Key::All, Revocation::All);
    }

    /// Whether all of them ended lately.
    pub(crate) fn contains_revoke_all(&self) -> bool {
        self.ends.contains_key(&Key::All)
    }

    pub(crate) fn insert_session(&self, hash: TokenHash) {
        self.ends.insert(
            Key::Session(hash),
            Revocation::Session {
                token_hash: hash.to_vec(),
            },
        );
    }

    pub(crate) fn insert_epoch(&self, whose: &EpochKey, epoch: i64) {
        let what = Key::Epoch(whose.clone());
        if self
            .ends
            .get(&what)
            .is_some_and(|known| epoch_of(&known) >= Some(epoch))
        {
            return;
        }
        let end = match whose.clone() {
            EpochKey::Authorization(company) => {
                let (suite_id, corp_id) = (*company).clone();
                Revocation::Authorization {
                    suite_id,
                    corp_id,
                    epoch,
                }
            }
            EpochKey::Member(who, authorization_epoch) => Revocation::Member {
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
    pub(crate) async fn reapply(&self, store: &Store) {
        let remembered: Vec<Revocation> = self.ends.iter().map(|(_, end)| end).collect();
        for end in remembered {
            while let Err(error) = retry_transaction(|| reapply(store, &end)).await {
                tracing::warn!(target: "wecom_login", ?error, "what the database forgot is not ended again yet");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, VecDeque<(Instant, Cursor)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Key came right after a place must not have been forgotten yet.
fn forget_early(places: &mut VecDeque<(Instant, Cursor)>) {
    while places
        .front()
        .is_some_and(|(noted_at, _)| noted_at.elapsed() + NOTED_EVERY > RECENT_REVOCATIONS_TTL)
    {
        places.pop_front();
    }
}

async fn reapply(store: &Store, end: &Revocation) -> Result<()> {
    let transaction = store.begin().await?;
    let changed = match end.clone() {
        // Done anew, not repeated.
        Revocation::All => 0,
        Revocation::Session { token_hash } => {
            session::Entity::delete_many()
                .filter(session::Column::TokenHash.eq(token_hash))
                .exec(&transaction)
                .await?
                .rows_affected
        }
        Revocation::Authorization {
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
        Revocation::Member {
            suite_id,
            corp_id,
            third_user_id,
            epoch,
            ..
        } => {
            member::Entity::update_many()
                .col_expr(member::Column::Epoch, Expr::value(epoch))
                .filter(member::Column::SuiteId.eq(suite_id))
                .filter(member::Column::CorpId.eq(corp_id))
                .filter(member::Column::ThirdUserId.eq(third_user_id))
                .filter(member::Column::Epoch.lt(epoch))
                .exec(&transaction)
                .await?
                .rows_affected
        }
    };
    if changed == 0 {
        transaction.rollback().await?;
        return Ok(());
    }
    log::append(&transaction, end, store.now()).await?;
    transaction.commit().await?;
    Ok(())
}

const fn epoch_of(end: &Revocation) -> Option<i64> {
    match end {
        Revocation::Authorization { epoch, .. } | Revocation::Member { epoch, .. } => Some(*epoch),
        Revocation::All | Revocation::Session { .. } => None,
    }
}
