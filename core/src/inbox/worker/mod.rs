//! Who works on the records: claims what is due under a lease, carries it out, tries again while that can help.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Timestamp;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::db::{Sealed, Store};
use crate::domain::RecordStatus;
use crate::domain::SuiteId;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::inbox::handlers::{EventHandlers, Outcome};
use crate::inbox::store::Inbox;
use crate::random;
use crate::vault::CALLBACK_PAYLOAD;

mod lease;
mod outcome;

use crate::inbox::worker::lease::{Lease, RECORD_LEASE, is_lease_expired};
use crate::inbox::worker::outcome::TOO_LATE_HINT;

/// How often a node looks for work that no push of its own announced.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many records a node carries out at the same time.
const MAX_CONCURRENT_RECORDS: usize = 16;
/// How often, and how long apart, it is looked whether a record was let go of.
const CLAIM_ATTEMPTS: usize = 100;
const CLAIM_RETRY_INTERVAL: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(crate) struct Worker(Arc<Inner>);

struct Inner {
    store: Store,
    handlers: EventHandlers,
    inbox: Inbox,
    suites: Vec<SuiteId>,
    arrived: Arc<Notify>,
    node: String,
    permits: Arc<Semaphore>,
    /// What this node has in hand. A moved clock can run out leases that are well alive.
    in_flight: Mutex<HashSet<i64>>,
    stop: CancellationToken,
}

impl Worker {
    pub(crate) fn new(
        store: Store,
        handlers: EventHandlers,
        inbox: Inbox,
        suites: Vec<SuiteId>,
        arrived: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            handlers,
            inbox,
            suites,
            arrived,
            node: random::hex::<8>(),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_RECORDS)),
            in_flight: Mutex::default(),
            stop,
        }))
    }

    /// Works until the handle is shut down; what is in hand then is finished or handed back by its own tasks.
    pub(crate) async fn run(&self, tasks: TaskTracker) {
        while !self.0.stop.is_cancelled() {
            if let Err(error) = self.claim_due(&tasks).await {
                tracing::warn!(target: "wecom_login", ?error, "the inbox cannot be read");
            }
            let poll = self.0.store.clock().sleep(POLL_INTERVAL);
            tokio::select! {
                () = self.0.arrived.notified() => {}
                () = poll => {}
                () = self.0.stop.cancelled() => {}
            }
        }
    }

    /// Carries a record out now (`retryCallBack`).
    ///
    /// # Errors
    /// The record is unknown or being worked on, or what went wrong this time.
    pub(crate) async fn retry(&self, record_id: i64) -> Result<()> {
        let row =
            Entity::find_by_id(record_id).filter(Column::SuiteId.is_in(self.0.suites.clone()));
        let row = row.one(self.0.store.database()).await?;
        let row =
            row.ok_or_else(|| Error::new(ErrorKind::RecordNotFound, "no such callback record"))?;
        if matches!(row.status, RecordStatus::Succeeded | RecordStatus::Ignored) {
            return Ok(());
        }
        let busy = || Error::new(ErrorKind::RecordBusy, "the record is being worked on");
        let in_flight = self.wait_and_claim(&row).await.ok_or_else(busy)?;
        let now = self.0.store.now();
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

    /// Claims what is due and starts a task for each.
    async fn claim_due(&self, tasks: &TaskTracker) -> Result<()> {
        let now = self.0.store.now();
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
            // A node without a suite's secrets leaves its records to the others.
            .filter(Column::SuiteId.is_in(self.0.suites.clone()))
            .order_by_asc(Column::Id)
            .limit(MAX_CONCURRENT_RECORDS as u64 * 4)
            .into_tuple()
            .all(self.0.store.database())
            .await?;
        for id in ids {
            let Ok(permit) = Arc::clone(&self.0.permits).try_acquire_owned() else {
                return Ok(());
            };
            if self.0.stop.is_cancelled() {
                return Ok(());
            }
            let Some(in_flight) = self.try_claim_local(id) else {
                continue;
            };
            failpoint::reach("worker/found");
            let claimed_at = Instant::now();
            let Some(row) = self.claim(id, due.clone(), self.0.store.now()).await? else {
                continue;
            };
            let worker = self.clone();
            tasks.spawn(async move {
                // Its error is in the record.
                let _ = worker.process(row, in_flight, claimed_at, false).await;
                drop(permit);
                worker.0.arrived.notify_one();
            });
        }
        Ok(())
    }

    /// One statement decides who has the record: the one whose update finds the old state.
    async fn claim(&self, id: i64, old_state: Condition, now: Timestamp) -> Result<Option<Model>> {
        let claimed = RECORD_LEASE
            .extend(Entity::update_many(), now)
            .col_expr(Column::Status, Expr::value(RecordStatus::Running))
            .col_expr(Column::LeaseOwner, Expr::value(self.0.node.clone()))
            .col_expr(Column::StartedAt, Expr::value(now))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.eq(id))
            .filter(old_state)
            .exec(self.0.store.database())
            .await?;
        if claimed.rows_affected == 0 {
            return Ok(None);
        }
        Ok(Entity::find_by_id(id).one(self.0.store.database()).await?)
    }

    async fn process(
        &self,
        row: Model,
        in_flight: InFlight,
        claimed_at: Instant,
        manual: bool,
    ) -> Result<()> {
        // The first attempt is always made: clocks differ, and WeCom knows best whether its code is still good.
        let late = row.attempts > 1
            && !row.one_time_step_done
            && row
                .deadline
                .is_some_and(|deadline| self.0.store.now() >= deadline);
        if late && !manual {
            let error = Error::new(
                ErrorKind::Upstream,
                "the AuthCode died before it could be exchanged",
            );
            self.finish(
                &row,
                RecordStatus::Failed,
                None,
                Some((&error, Some(TOO_LATE_HINT))),
            )
            .await?;
            return Err(error);
        }
        failpoint::reach("worker/claimed");
        let lease = Lease::new(claimed_at, self.0.stop.clone());
        let renewing = self.renew(row.id, &lease);
        let working = async {
            let payload = row
                .payload
                .as_ref()
                .map(|sealed| self.open(&row.hash, sealed))
                .transpose()?;
            self.0
                .handlers
                .handle(&row, payload.as_deref(), &lease)
                .await
        };
        // A hook of the host app may panic; that must not leave the record to be taken up for ever.
        let working = AssertUnwindSafe(working).catch_unwind();
        let outcome = tokio::select! {
            outcome = working => outcome.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Internal, "the work on the record panicked"))
            }),
            never = renewing => match never {},
            () = self.until_released(&lease) => {
                // As after a crash, but for the wait: who takes it up next goes on from what is stored.
                self.release(&row).await?;
                return Err(Error::new(ErrorKind::StoreUnavailable, "the service is shutting down"));
            }
        };
        failpoint::reach("worker/done");
        let finished = match outcome {
            Ok(done) => {
                let status = match done {
                    Outcome::Ignored => RecordStatus::Ignored,
                    Outcome::Succeeded => RecordStatus::Succeeded,
                };
                self.finish(&row, status, None, None).await
            }
            Err(error) => {
                let (status, due_at, hint) = self.next_state(&row, &error).await;
                self.finish(&row, status, due_at, Some((&error, hint)))
                    .await
                    .and(Err(error))
            }
        };
        drop(in_flight);
        finished
    }

    fn open(&self, hash: &[u8], sealed: &Sealed) -> Result<Vec<u8>> {
        Ok(self
            .0
            .handlers
            .keys
            .open(CALLBACK_PAYLOAD.aad_context(&[hash]), sealed)?
            .to_vec())
    }

    /// A record can be read as it was left a moment before who left it lets go of it.
    async fn wait_and_claim(&self, row: &Model) -> Option<InFlight> {
        for _ in 0..CLAIM_ATTEMPTS {
            if let Some(in_flight) = self.try_claim_local(row.id) {
                return Some(in_flight);
            }
            if row.status == RecordStatus::Running {
                return None;
            }
            tokio::time::sleep(CLAIM_RETRY_INTERVAL).await;
        }
        None
    }

    fn try_claim_local(&self, id: i64) -> Option<InFlight> {
        let mut in_flight = self
            .0
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        in_flight.insert(id).then(|| InFlight {
            worker: self.clone(),
            id,
        })
    }
}

/// A record that this node works on, until dropped.
struct InFlight {
    worker: Worker,
    id: i64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.worker
            .0
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
