//! The circuit breaker over the calls that carry a secret. WeCom blocks an address for an hour after many wrong secrets
//! (40001, D/96213): a few corps with wrong ones must not lock all others out.
//!
//! The attempts of all nodes are rows of one table. A row is inserted before a secret is sent, deleted when WeCom does not
//! call the secret wrong, and otherwise counts for ten minutes.

use std::time::{Duration, Instant};

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::Timestamp;
use crate::db::entity::secret_attempt::{ActiveModel, Column, Entity, Model};
use crate::db::{Store, delete_in_batches, lock_counter, retry_transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::tokens::health::WrongSecrets;

const WRONG_SECRET_WINDOW: Duration = Duration::from_mins(10);
/// At most 9 wrong secrets in the window. The last place is left to secrets that WeCom accepted before.
const MAX_WRONG_SECRETS: usize = 9;
const MAX_WRONG_WITH_UNPROVEN: usize = 8;
/// Of these, secrets of broken corps, which WeCom rejected before.
const MAX_WRONG_BROKEN: usize = 2;
/// An attempt that is older and not settled is of a node that died: a call takes 8 s and is repeated twice.
const MAX_ATTEMPT_DURATION: Duration = Duration::from_secs(30);
/// A time that lies further ahead was written under a clock that was wrong.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);
/// How long an attempt waits for others that are under way: as long as a login may take.
const WAIT_TIMEOUT: Duration = Duration::from_secs(12);
const WAIT_POLL: Duration = Duration::from_millis(100);
/// When a suite secret or provider secret that WeCom rejected is tried again; the last one repeatedly.
const RETRY_INTERVALS: [Duration; 2] = [Duration::from_mins(10), Duration::from_hours(1)];
/// How long a rejection is kept: longer than any retry interval.
const ATTEMPT_TTL: Duration = Duration::from_hours(24);

/// What is known of a secret that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// WeCom accepted it before. It never waits for secrets that WeCom did not.
    Proven,
    /// WeCom has neither accepted nor rejected it.
    Unproven,
    /// The corp is broken, and something has changed since.
    Broken,
}

impl SecretKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::Broken => "broken",
        }
    }
}

/// Counts the wrong secrets of corps, suites and providers on all nodes, and the attempts under way that may turn out to
/// be one.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    store: Store,
    /// Attempts of this node at the same time: more would only wait for each other at the database.
    proven: Semaphore,
    unproven: Semaphore,
    broken: Semaphore,
}

/// The right to send one secret.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    id: i64,
    _permit: SemaphorePermit<'a>,
}

/// Whether an attempt may begin.
enum Turn {
    Begun(i64),
    /// Others are under way.
    Wait,
    /// The limit is reached for so long.
    Exhausted(Duration),
}

impl CircuitBreaker {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            proven: Semaphore::new(MAX_WRONG_SECRETS),
            unproven: Semaphore::new(MAX_WRONG_WITH_UNPROVEN / 2),
            broken: Semaphore::new(MAX_WRONG_BROKEN),
        }
    }

    /// Waits until a secret may be sent without exceeding the limit even if it is wrong. The attempt must be settled by
    /// [`release`](Self::release) or [`record_rejection`](Self::record_rejection).
    ///
    /// # Errors
    /// `UPSTREAM_ERROR`: the limit is reached; it says when the oldest wrong secret leaves the window.
    pub(super) async fn acquire(&self, secret: &[u8; 32], kind: SecretKind) -> Result<Attempt<'_>> {
        let semaphore = match kind {
            SecretKind::Proven => &self.proven,
            SecretKind::Unproven => &self.unproven,
            SecretKind::Broken => &self.broken,
        };
        let cancelled = |_| Error::new(ErrorKind::Internal, "the circuit breaker is closed");
        let permit = semaphore.acquire().await.map_err(cancelled)?;
        // By the machine's clock: other nodes are not stopped when a test moves ours.
        let started_at = Instant::now();
        loop {
            match retry_transaction(|| self.try_begin(secret, kind)).await? {
                Turn::Begun(id) => {
                    return Ok(Attempt {
                        id,
                        _permit: permit,
                    });
                }
                Turn::Exhausted(retry_after) => {
                    return Err(Error::new(
                        ErrorKind::Upstream,
                        "secrets are not sent for now: WeCom rejected too many in the last minutes",
                    )
                    .with_retry_after(retry_after));
                }
                Turn::Wait if started_at.elapsed() >= WAIT_TIMEOUT => {
                    return Err(Error::new(
                        ErrorKind::UpstreamTimeout,
                        "other secrets are being tried and WeCom does not answer in time",
                    ));
                }
                Turn::Wait => tokio::time::sleep(WAIT_POLL).await,
            }
        }
    }

    /// WeCom did not call the secret wrong.
    pub(super) async fn release(&self, attempt: Attempt<'_>) {
        let released = Entity::delete_by_id(attempt.id)
            .exec(self.store.database())
            .await;
        if let Err(error) = released {
            tracing::debug!(target: "wecom_login", %error, "an attempt with a secret was not released; it will expire");
        }
    }

    /// WeCom called the secret wrong.
    pub(super) async fn record_rejection(&self, attempt: Attempt<'_>) -> Result<()> {
        self.reject(attempt.id, None).await
    }

    /// WeCom called the secret of a suite or a provider wrong: it is not sent again for a while, on any node.
    pub(super) async fn record_rejection_with_retry(
        &self,
        attempt: Attempt<'_>,
        secret: &[u8; 32],
    ) -> Result<()> {
        let earlier = Entity::find()
            .filter(of_secret(secret))
            .filter(Column::RetryAt.is_not_null())
            .count(self.store.database())
            .await?;
        let step = usize::try_from(earlier).unwrap_or(usize::MAX);
        let wait = RETRY_INTERVALS[step.min(RETRY_INTERVALS.len() - 1)];
        self.reject(attempt.id, Some(self.store.now() + wait)).await
    }

    /// How long the secret of a suite or a provider is not to be sent, because WeCom rejected it.
    pub(super) async fn rejected_for(&self, secret: &[u8; 32]) -> Result<Option<Duration>> {
        let now = self.store.now();
        let latest = Entity::find()
            .filter(of_secret(secret))
            .filter(Column::RetryAt.gt(now))
            .filter(Column::At.lte(now + CLOCK_TOLERANCE))
            .order_by_desc(Column::RetryAt)
            .one(self.store.database())
            .await?;
        Ok(latest
            .and_then(|row| row.retry_at)
            .map(|retry_at| retry_at.since(now)))
    }

    /// WeCom accepted the secret of a suite or a provider: its next rejection is the first.
    pub(super) async fn forget_rejections(&self, secret: &[u8; 32]) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::RetryAt, Expr::value(None::<Timestamp>))
            .filter(of_secret(secret))
            .filter(Column::RetryAt.is_not_null())
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    /// The wrong secrets within the window, on all nodes.
    pub(super) async fn wrong_secrets(&self) -> Result<WrongSecrets> {
        let now = self.store.now();
        let rejected = Entity::find()
            .filter(Column::Rejected.eq(true))
            .filter(Column::At.gt(now - WRONG_SECRET_WINDOW))
            .filter(Column::At.lte(now + CLOCK_TOLERANCE))
            .order_by_asc(Column::At)
            .all(self.store.database())
            .await?;
        Ok(WrongSecrets {
            count: rejected.len(),
            max: MAX_WRONG_SECRETS,
            since: rejected.first().map(|oldest| oldest.at),
        })
    }

    /// Deletes the rows that count no more.
    pub(super) async fn remove_old(&self) -> Result<()> {
        let old = Column::At.lt(self.store.now() - ATTEMPT_TTL);
        delete_in_batches::<Entity, i64>(&self.store, Column::Id, Condition::all().add(old))
            .await?;
        Ok(())
    }

    async fn reject(&self, id: i64, retry_at: Option<Timestamp>) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Rejected, Expr::value(true))
            .col_expr(Column::At, Expr::value(self.store.now()))
            .col_expr(Column::RetryAt, Expr::value(retry_at))
            .filter(Column::Id.eq(id))
            .exec(self.store.database())
            .await?;
        Ok(())
    }

    async fn try_begin(&self, secret: &[u8; 32], kind: SecretKind) -> Result<Turn> {
        let transaction = self.store.begin().await?;
        // No other node counts until this one has inserted its row.
        lock_counter(&transaction).await?;
        let now = self.store.now();
        let rows = Entity::find()
            .filter(Column::At.gt(now - WRONG_SECRET_WINDOW))
            .filter(Column::At.lte(now + CLOCK_TOLERANCE))
            .order_by_asc(Column::At)
            .all(&transaction)
            .await?;
        let counted = rows
            .iter()
            .filter(|row| row.rejected || now.since(row.at) < MAX_ATTEMPT_DURATION);
        let of_kind = counted.clone().filter(|row| row.kind == kind.name());
        let turn = |rows: Vec<&Model>, limit: usize| {
            if rows.len() < limit {
                return None;
            }
            let rejected: Vec<_> = rows.iter().filter(|row| row.rejected).collect();
            Some(match rejected.first() {
                Some(oldest) if rejected.len() >= limit => {
                    Turn::Exhausted((oldest.at + WRONG_SECRET_WINDOW).since(now))
                }
                _ => Turn::Wait,
            })
        };
        let blocked = match kind {
            SecretKind::Proven => turn(counted.collect(), MAX_WRONG_SECRETS),
            SecretKind::Unproven => turn(counted.collect(), MAX_WRONG_WITH_UNPROVEN),
            SecretKind::Broken => turn(of_kind.collect(), MAX_WRONG_BROKEN)
                .or_else(|| turn(counted.collect(), MAX_WRONG_WITH_UNPROVEN)),
        };
        if let Some(blocked) = blocked {
            transaction.rollback().await?;
            return Ok(blocked);
        }
        let row = ActiveModel {
            id: NotSet,
            secret: Set(secret.to_vec()),
            kind: Set(kind.name().to_owned()),
            rejected: Set(false),
            at: Set(now),
            retry_at: Set(None),
        };
        let id = Entity::insert(row).exec(&transaction).await?.last_insert_id;
        transaction.commit().await?;
        Ok(Turn::Begun(id))
    }
}

fn of_secret(secret: &[u8; 32]) -> Condition {
    Condition::all().add(Column::Secret.eq(secret.to_vec()))
}
