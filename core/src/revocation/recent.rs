//! The revocations of the last minutes, kept in memory. A failover or a restore can undo revocations; these are then
//! applied again, for this node and for all others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::db::entity::{authorization, member, session};
use crate::db::{CorpColumns as _, Cursor, PrincipalColumns as _, Store, retry_transaction};
use crate::domain::{Principal, TokenHash};
use crate::error::Result;
use crate::revocation::epoch::EpochKey;
use crate::revocation::log::{self, Revocation};

/// How long a revocation is kept. A replica that takes over lags by seconds; a backup that is restored may lag by more.
pub(crate) const RECENT_REVOCATIONS_TTL: Duration = Duration::from_mins(5);
/// Capacity; more than this in 5 min is treated as a mass revocation.
const MAX_RECENT_REVOCATIONS: u64 = 100_000;
/// How far apart checkpoints of the log are.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
/// The pause before a revocation that could not be applied again is retried.
const REAPPLY_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What was revoked. A newer revocation of the same key replaces an older one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    All,
    Epoch(EpochKey),
    Session(TokenHash),
}

/// A position of the revocation log, and when this node had read up to it.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    at: Instant,
    cursor: Cursor,
}

/// The recent revocations that this node made or read from the log. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct RecentRevocations {
    revocations: moka::sync::Cache<Key, Revocation>,
    /// Oldest first. Every revocation after one of them is in `revocations`.
    checkpoints: Arc<Mutex<VecDeque<Checkpoint>>>,
}

impl RecentRevocations {
    pub(crate) fn new() -> Self {
        Self {
            revocations: moka::sync::Cache::builder()
                .max_capacity(MAX_RECENT_REVOCATIONS)
                .time_to_live(RECENT_REVOCATIONS_TTL)
                .build(),
            checkpoints: Arc::default(),
        }
    }

    /// Notes that this node has read the log up to this cursor.
    pub(crate) fn checkpoint(&self, cursor: Cursor) {
        let mut checkpoints = self.checkpoints.lock();
        if checkpoints
            .back()
            .is_none_or(|newest| newest.at.elapsed() >= CHECKPOINT_INTERVAL)
        {
            checkpoints.push_back(Checkpoint::now(cursor));
        }
        drop_expired(&mut checkpoints);
    }

    /// Notes that this node lost its position in the log and goes on from this cursor.
    pub(crate) fn reset(&self, cursor: Cursor) {
        let mut checkpoints = self.checkpoints.lock();
        checkpoints.clear();
        checkpoints.push_back(Checkpoint::now(cursor));
    }

    /// Tells whether the database, which was replaced, lacks only revocations that are kept here. `cursor` is the last
    /// entry that this node read before.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn covers_gap(&self, store: &Store, cursor: Cursor) -> Result<bool> {
        let oldest = {
            let mut checkpoints = self.checkpoints.lock();
            drop_expired(&mut checkpoints);
            checkpoints.front().copied()
        };
        let Some(Checkpoint { cursor: oldest, .. }) = oldest else {
            return Ok(false);
        };
        let exceeds_capacity = cursor.seq.abs_diff(oldest.seq) > MAX_RECENT_REVOCATIONS;
        Ok(!exceeds_capacity && log::contains(store.heartbeat(), oldest).await?)
    }

    /// Adds the revocation of every session of the service.
    pub(crate) fn insert_revoke_all(&self) {
        self.revocations.insert(Key::All, Revocation::All);
    }

    /// Tells whether every session of the service was revoked recently.
    pub(crate) fn contains_revoke_all(&self) -> bool {
        self.revocations.contains_key(&Key::All)
    }

    /// Adds the revocation of one session.
    pub(crate) fn insert_session(&self, token_hash: TokenHash) {
        let revocation = Revocation::Session {
            token_hash: token_hash.to_vec(),
        };
        self.revocations
            .insert(Key::Session(token_hash), revocation);
    }

    /// Adds the revocation of all sessions of an older epoch, unless a newer epoch is known.
    pub(crate) fn insert_epoch(&self, key: &EpochKey, epoch: i64) {
        let revocation = match key {
            EpochKey::Authorization(corp) => Revocation::Authorization {
                suite_id: corp.0.clone(),
                corp_id: corp.1.clone(),
                epoch,
            },
            EpochKey::Member(principal, authorization_epoch) => {
                Revocation::of_member(principal, *authorization_epoch, epoch)
            }
        };
        let key = Key::Epoch(key.clone());
        let known = self.revocations.get(&key);
        if known.is_none_or(|known| known.epoch() < Some(epoch)) {
            self.revocations.insert(key, revocation);
        }
    }

    /// Applies all of them to the database again, where it lacks them. Applying one twice is harmless.
    pub(crate) async fn reapply(&self, store: &Store) {
        let revocations: Vec<Revocation> = self
            .revocations
            .iter()
            .map(|(_, revocation)| revocation)
            .collect();
        for revocation in revocations {
            while let Err(error) = retry_transaction(|| reapply(store, &revocation)).await {
                tracing::warn!(
                    target: "wecom_login", ?error,
                    "a revocation that the database lost could not be applied again; retrying"
                );
                tokio::time::sleep(REAPPLY_RETRY_PAUSE).await;
            }
        }
    }
}

impl Checkpoint {
    fn now(cursor: Cursor) -> Self {
        Self {
            at: Instant::now(),
            cursor,
        }
    }
}

/// Drops the checkpoints that are so old that a revocation after them may have expired.
fn drop_expired(checkpoints: &mut VecDeque<Checkpoint>) {
    while checkpoints
        .front()
        .is_some_and(|oldest| oldest.at.elapsed() + CHECKPOINT_INTERVAL > RECENT_REVOCATIONS_TTL)
    {
        checkpoints.pop_front();
    }
}

async fn reapply(store: &Store, revocation: &Revocation) -> Result<()> {
    let transaction = store.begin().await?;
    let changed = match revocation.clone() {
        // The follower of the log revokes all sessions anew.
        // Read again after the caches were flushed.
        Revocation::Attributes(_) => 0,
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
                .filter(authorization::Entity::of_corp(&suite_id, &corp_id))
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
            let principal = Principal::new(suite_id, corp_id, third_user_id);
            member::Entity::update_many()
                .col_expr(member::Column::Epoch, Expr::value(epoch))
                .filter(member::Entity::of_principal(&principal))
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
    log::append(&transaction, revocation, store.now()).await?;
    transaction.commit().await?;
    Ok(())
}
