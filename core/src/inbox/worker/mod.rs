//! The worker: claims due records under a lease, has them handled, and retries what failed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::{RecordStatus, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::handlers::EventHandlers;
use crate::inbox::inbox::Inbox;
use crate::inbox::lane::{Lane, LaneWaker};
use crate::inbox::worker::in_flight::{InFlight, InFlightRecords};
use crate::inbox::worker::lease::is_lease_expired;
use crate::random;

mod claim;
mod finish;
mod in_flight;
mod lease;
mod next_state;
mod process;
mod superseded;

/// How often, and how long apart, a manual retry tries to claim a record.
const CLAIM_ATTEMPTS: usize = 100;
const CLAIM_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// What [`Worker`] depends on.
pub(crate) struct WorkerDeps {
    pub(crate) store: Store,
    pub(crate) handlers: EventHandlers,
    pub(crate) inbox: Inbox,
    pub(crate) suites: Vec<SuiteId>,
    pub(crate) waker: Arc<LaneWaker>,
    pub(crate) stop: CancellationToken,
}

/// Works on the records.
#[derive(Clone)]
pub(crate) struct Worker {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    handlers: EventHandlers,
    inbox: Inbox,
    suites: Vec<SuiteId>,
    waker: Arc<LaneWaker>,
    /// The name of this node as the holder of a lease.
    node: String,
    /// One for each lane, in the order of [`Lane::ALL`].
    permits: [Arc<Semaphore>; Lane::ALL.len()],
    in_flight: InFlightRecords,
    /// The AuthCodes that are on their way to WeCom, or whose answer is not stored yet.
    auth_codes: TaskTracker,
    stop: CancellationToken,
}

impl Worker {
    pub(crate) fn new(deps: WorkerDeps) -> Self {
        let auth_codes = TaskTracker::new();
        // Only a closed tracker can be waited for. It goes on counting.
        auth_codes.close();
        Self {
            inner: Arc::new(Inner {
                store: deps.store,
                handlers: deps.handlers,
                inbox: deps.inbox,
                suites: deps.suites,
                waker: deps.waker,
                node: random::hex::<8>(),
                permits: Lane::ALL
                    .map(|lane| Arc::new(Semaphore::new(lane.max_concurrent_records()))),
                in_flight: InFlightRecords::default(),
                auth_codes,
                stop: deps.stop,
            }),
        }
    }

    /// Works until the handle is shut down. The tasks of records in flight finish or release them.
    pub(crate) async fn run(&self, tasks: TaskTracker) {
        join_all(Lane::ALL.map(|lane| self.run_lane(lane, &tasks))).await;
    }

    /// Waits until no AuthCode of this node is on its way to WeCom and every answer is stored. Returns whether that was
    /// so within the time.
    pub(crate) async fn wait_for_auth_codes(&self, timeout: Duration) -> bool {
        tokio::time::timeout(timeout, self.inner.auth_codes.wait())
            .await
            .is_ok()
    }

    /// Whether an AuthCode of this node is on its way to WeCom, or its answer is not stored yet.
    pub(crate) fn has_auth_code_in_flight(&self) -> bool {
        !self.inner.auth_codes.is_empty()
    }

    /// Ends the lease of a record, whoever holds it: any node may claim it at once. Its holder stops working on it,
    /// unless it has sent an AuthCode.
    ///
    /// # Errors
    /// The record is unknown.
    pub(crate) async fn release_by_operator(&self, record_id: i64) -> Result<()> {
        let row = self.find(record_id).await?;
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Waiting))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .col_expr(Column::DueAt, Expr::value(self.inner.store.now()))
            .filter(Column::Id.eq(record_id))
            .filter(Column::Status.is_in([RecordStatus::Waiting, RecordStatus::Running]))
            .exec(self.inner.store.database())
            .await?;
        self.inner.waker.wake(Lane::of(&row.event));
        Ok(())
    }

    /// Runs a record now (`retryCallBack`).
    ///
    /// # Errors
    /// The record is unknown or running, or this attempt failed.
    pub(crate) async fn retry(&self, record_id: i64) -> Result<()> {
        let row = self.find(record_id).await?;
        if matches!(row.status, RecordStatus::Succeeded | RecordStatus::Ignored) {
            return Ok(());
        }
        let busy = || Error::new(ErrorKind::RecordBusy, "the record is being worked on");
        let in_flight = self.wait_and_claim(&row).await.ok_or_else(busy)?;
        let now = self.inner.store.now();
        let startable = Condition::any()
            .add(Column::Status.is_in([RecordStatus::Waiting, RecordStatus::Failed]))
            .add(is_lease_expired(now));
        let claimed_at = Instant::now();
        let row = self
            .claim(record_id, startable, now)
            .await?
            .ok_or_else(busy)?;
        self.process(row, in_flight, claimed_at, true).await
    }

    async fn find(&self, record_id: i64) -> Result<Model> {
        let row =
            Entity::find_by_id(record_id).filter(Column::SuiteId.is_in(self.inner.suites.clone()));
        let row = row.one(self.inner.store.database()).await?;
        row.ok_or_else(|| Error::new(ErrorKind::RecordNotFound, "no such callback record"))
    }

    /// The status may be written shortly before the in-flight marker is cleared; retries for up to a second.
    async fn wait_and_claim(&self, row: &Model) -> Option<InFlight> {
        for _ in 0..CLAIM_ATTEMPTS {
            if let Some(in_flight) = self.inner.in_flight.try_claim_local(row.id) {
                return Some(in_flight);
            }
            if row.status == RecordStatus::Running {
                return None;
            }
            tokio::time::sleep(CLAIM_RETRY_INTERVAL).await;
        }
        None
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
