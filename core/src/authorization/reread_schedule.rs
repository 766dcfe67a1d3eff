//! When authorizations are re-read: which are due, which node reads them, how fast, and when the next re-read is due.

use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use tokio::time::Instant;

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::is_unchanged;
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::{CorpColumns as _, RowLease};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::wecom::CallError;

/// The APIs that a re-read calls.
pub(super) const READ_APIS: [&str; 2] = ["service/v2/get_auth_info", SUITE_TOKEN];
const SUITE_TOKEN: &str = "service/get_suite_token";
/// The API that a re-read of a broken authorization calls as well.
pub(super) const TOKEN_APIS: [&str; 1] = ["gettoken"];

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// How often an authorization is re-read.
pub(super) const READ_INTERVAL: Duration = Duration::from_hours(24);
/// When one is re-read again after a re-read that failed; the last one repeatedly.
const RETRY_INTERVALS: [Duration; 5] = [
    MINUTE,
    MINUTE.saturating_mul(10),
    HOUR,
    HOUR.saturating_mul(6),
    READ_INTERVAL,
];
/// The same for one whose agentId is not known yet: the corp has no login link.
const AGENT_RETRY_INTERVALS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    MINUTE,
    MINUTE.saturating_mul(10),
    HOUR,
    HOUR.saturating_mul(6),
    READ_INTERVAL,
];
/// When one is re-read again for which there was no suite_ticket; the next ticket makes it due at once.
const TICKET_INTERVAL: Duration = MINUTE.saturating_mul(10);
/// How long sessions outlive the break of their authorization.
pub(super) const BROKEN_SESSION_GRACE: Duration = Duration::from_hours(24);
/// The lease of a node on a re-read. The answer sets the time when the next re-read is due.
const READ_LEASE: RowLease<Entity> =
    RowLease::new(Column::ReadDueAt, Duration::from_mins(1)).with_max_duration(MAX_READ_WAIT);
/// Longer than any wait for a re-read. One that is due later was postponed while a clock was wrong.
const MAX_READ_WAIT: Duration = Duration::from_hours(25);
const MAX_CONCURRENT_READS: usize = 8;
const READ_BATCH: u64 = 50;

/// Spaces the re-reads of this node.
#[derive(Debug)]
pub(super) struct RereadPace {
    interval: Duration,
    /// By the machine's clock: WeCom is not slower when a test moves ours.
    next: Mutex<Instant>,
}

impl RereadPace {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the turn of one re-read.
    async fn wait(&self) {
        let turn = {
            let mut next = self.next.lock();
            let turn = (*next).max(Instant::now());
            *next = turn + self.interval;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

/// When the re-read after one that WeCom refused or did not answer is due: later each time.
pub(super) fn next_read_at(known: &Authorization, now: Timestamp) -> Timestamp {
    use AuthorizationStatus::{Active, Held};
    let intervals: &[Duration] =
        if known.agent_id.is_none() && matches!(known.status, Active | Held) {
            &AGENT_RETRY_INTERVALS
        } else {
            &RETRY_INTERVALS
        };
    let step = usize::try_from(known.read_failures).unwrap_or(0);
    let due_at = now + intervals[step.min(intervals.len() - 1)];
    match known.broken_at.map(|at| at + BROKEN_SESSION_GRACE) {
        // That re-read revokes the sessions.
        Some(grace_ends_at) if now < grace_ends_at => due_at.min(grace_ends_at),
        _ => due_at,
    }
}

impl Authorizations {
    /// Re-reads every authorization that is due.
    pub(crate) async fn reread_due(&self) -> Result<()> {
        loop {
            let mut suites = self.inner.suites.ids();
            let mut readable = Vec::with_capacity(suites.len());
            for suite_id in suites.drain(..) {
                let paused = self.inner.pauses.paused_for(&suite_id, &READ_APIS).await?;
                if paused.is_none() {
                    readable.push(suite_id);
                }
            }
            let due = Entity::find()
                .filter(READ_LEASE.is_free(self.inner.store.now()))
                .filter(Column::PermanentCode.is_not_null())
                .filter(Column::SuiteId.is_in(readable))
                .order_by_asc(Column::ReadDueAt)
                .limit(READ_BATCH)
                .all(self.inner.store.database())
                .await?;
            let full = due.len() as u64 == READ_BATCH;
            let reads = due
                .into_iter()
                .map(|row| async move { self.reread_row(&row.suite_id, &row.corp_id).await });
            let goes_on = futures_util::stream::iter(reads)
                .buffer_unordered(MAX_CONCURRENT_READS)
                .fold(true, |all, goes_on| std::future::ready(all && goes_on))
                .await;
            if !full || !goes_on {
                return Ok(());
            }
        }
    }

    /// Re-reads a due authorization, unless another node does. Returns whether more can be read now.
    async fn reread_row(&self, suite_id: &SuiteId, corp_id: &CorpId) -> bool {
        match self.inner.pauses.paused_for(suite_id, &READ_APIS).await {
            Ok(None) => {}
            // Another re-read of this pass was refused.
            Ok(Some(_)) | Err(_) => return false,
        }
        self.inner.pace.wait().await;
        match self.claim_read(suite_id, corp_id).await {
            Ok(true) => {}
            Ok(false) => return true,
            Err(_) => return false,
        }
        if let Err(error) = self.reread(suite_id, corp_id).await {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not re-read an authorization");
        }
        true
    }

    /// Acquires the lease on a due re-read. The lease moves the due time, so that an authorization whose re-read always
    /// fails does not block the others.
    async fn claim_read(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let row = Entity::update_many().filter(Entity::of_corp(suite_id, corp_id));
        let (database, now) = (self.inner.store.database(), self.inner.store.now());
        READ_LEASE.acquire(database, row, now).await
    }

    /// Sets when the re-read that has failed with this error is made again. The wait gets longer only by failures of calls
    /// for this corp: when the suite can be called again, or the API is no longer paused, no corp waits for hours.
    pub(super) async fn reschedule_read(&self, known: &Authorization, error: &Error) -> Result<()> {
        let now = self.inner.store.now();
        let is_of_corp = CallError::cause_of(error).is_some_and(|call| call.path != SUITE_TOKEN);
        let (due_at, failures) = if is_of_corp {
            let failures = known.read_failures.saturating_add(1);
            (next_read_at(known, now), failures)
        } else if error.kind() == ErrorKind::SuiteTicketMissing {
            (now + TICKET_INTERVAL, known.read_failures)
        } else {
            let wait = error.retry_after().unwrap_or(MINUTE);
            (now + wait, known.read_failures)
        };
        Entity::update_many()
            .col_expr(Column::ReadDueAt, Expr::value(due_at))
            .col_expr(Column::ReadFailures, Expr::value(failures))
            .filter(is_unchanged(known))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}
