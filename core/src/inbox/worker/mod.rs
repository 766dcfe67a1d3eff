//! The worker: claims due records under a lease, has them handled, and retries what failed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::{RecordStatus, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::inbox::handlers::EventHandlers;
use crate::inbox::inbox::Inbox;
use crate::inbox::worker::in_flight::{InFlight, InFlightRecords};
use crate::inbox::worker::lease::{RECORD_LEASE, is_lease_expired};
use crate::random;

mod finish;
mod in_flight;
mod lease;
mod next_state;
mod process;

/// How often a node looks for records that no push to itself announced.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many records a node works on at the same time.
const MAX_CONCURRENT_RECORDS: usize = 16;
/// How often, and how long apart, a manual retry tries to claim a record.
const CLAIM_ATTEMPTS: usize = 100;
const CLAIM_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// What [`Worker`] depends on.
pub(crate) struct WorkerDeps {
    pub(crate) store: Store,
    pub(crate) handlers: EventHandlers,
    pub(crate) inbox: Inbox,
    pub(crate) suites: Vec<SuiteId>,
    pub(crate) record_stored: Arc<Notify>,
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
    record_stored: Arc<Notify>,
    /// The name of this node as the holder of a lease.
    node: String,
    permits: Arc<Semaphore>,
    in_flight: InFlightRecords,
    stop: CancellationToken,
}

impl Worker {
    pub(crate) fn new(deps: WorkerDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                store: deps.store,
                handlers: deps.handlers,
                inbox: deps.inbox,
                suites: deps.suites,
                record_stored: deps.record_stored,
                node: random::hex::<8>(),
                permits: Arc::new(Semaphore::new(MAX_CONCURRENT_RECORDS)),
                in_flight: InFlightRecords::default(),
                stop: deps.stop,
            }),
        }
    }

    /// Works until the handle is shut down. The tasks of records in flight finish or release them.
    pub(crate) async fn run(&self, tasks: TaskTracker) {
        while !self.inner.stop.is_cancelled() {
            if let Err(error) = self.claim_due(&tasks).await {
                tracing::warn!(target: "wecom_login", ?error, "could not read the inbox");
            }
            let poll = self.inner.store.clock().sleep(POLL_INTERVAL);
            tokio::select! {
                () = self.inner.record_stored.notified() => {}
                () = poll => {}
                () = self.inner.stop.cancelled() => {}
            }
        }
    }

    /// Runs a record now (`retryCallBack`).
    ///
    /// # Errors
    /// The record is unknown or running, or this attempt failed.
    pub(crate) async fn retry(&self, record_id: i64) -> Result<()> {
        let row =
            Entity::find_by_id(record_id).filter(Column::SuiteId.is_in(self.inner.suites.clone()));
        let row = row.one(self.inner.store.database()).await?;
        let row =
            row.ok_or_else(|| Error::new(ErrorKind::RecordNotFound, "no such callback record"))?;
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

    /// Claims the due records and starts a task for each.
    async fn claim_due(&self, tasks: &TaskTracker) -> Result<()> {
        let now = self.inner.store.now();
        let due = Condition::any()
            .add(
                Column::Status
                    .eq(RecordStatus::Waiting)
                    .and(Column::DueAt.lte(now)),
            )
            .add(is_lease_expired(now));
        let ids: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(due.clone())
            // A node without a suite's secrets leaves the suite's records to other nodes.
            .filter(Column::SuiteId.is_in(self.inner.suites.clone()))
            .order_by_asc(Column::Id)
            .limit(MAX_CONCURRENT_RECORDS as u64 * 4)
            .into_tuple()
            .all(self.inner.store.database())
            .await?;
        for id in ids {
            let Ok(permit) = Arc::clone(&self.inner.permits).try_acquire_owned() else {
                return Ok(());
            };
            if self.inner.stop.is_cancelled() {
                return Ok(());
            }
            let Some(in_flight) = self.inner.in_flight.try_claim_local(id) else {
                continue;
            };
            failpoint::reach("worker/found");
            let claimed_at = Instant::now();
            let now = self.inner.store.now();
            let Some(row) = self.claim(id, due.clone(), now).await? else {
                continue;
            };
            let worker = self.clone();
            tasks.spawn(async move {
                // The record holds the error.
                let _ = worker.process(row, in_flight, claimed_at, false).await;
                drop(permit);
                worker.inner.record_stored.notify_one();
            });
        }
        Ok(())
    }

    /// Claims a record. One statement decides which node has it: the update that finds the old status.
    async fn claim(&self, id: i64, old_status: Condition, now: Timestamp) -> Result<Option<Model>> {
        let claimed = RECORD_LEASE
            .extend(Entity::update_many(), now)
            .col_expr(Column::Status, Expr::value(RecordStatus::Running))
            .col_expr(Column::LeaseOwner, Expr::value(self.inner.node.clone()))
            .col_expr(Column::StartedAt, Expr::value(now))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.eq(id))
            .filter(old_status)
            .exec(self.inner.store.database())
            .await?;
        if claimed.rows_affected == 0 {
            return Ok(None);
        }
        Ok(Entity::find_by_id(id)
            .one(self.inner.store.database())
            .await?)
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
