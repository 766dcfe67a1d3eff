//! The claim of due records, lane by lane.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use tokio_util::task::TaskTracker;

use crate::clock::Timestamp;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::RecordStatus;
use crate::error::Result;
use crate::failpoint;
use crate::inbox::lane::{Lane, SUITE_TICKET};
use crate::inbox::worker::Worker;
use crate::inbox::worker::lease::{RECORD_LEASE, is_lease_expired};
use crate::inbox::worker::next_state::MAX_BACKOFF;

/// How often a node looks for records that no push to itself announced.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How far the clocks of two nodes may be apart, with reserve.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(1);
/// How many records are read for each that the lane has room for: other nodes claim some of them first.
const CANDIDATES_PER_PERMIT: usize = 4;

impl Worker {
    /// Works on the records of one lane until the handle is shut down.
    pub(super) async fn run_lane(&self, lane: Lane, tasks: &TaskTracker) {
        while !self.inner.stop.is_cancelled() {
            if let Err(error) = self.claim_due(lane, tasks).await {
                tracing::warn!(target: "wecom_login", ?lane, ?error, "could not read the inbox");
            }
            let poll = self.inner.store.clock().sleep(POLL_INTERVAL);
            tokio::select! {
                () = self.inner.waker.woken(lane) => {}
                () = poll => {}
                () = self.inner.stop.cancelled() => {}
            }
        }
    }

    /// Claims the due records of a lane and starts a task for each.
    async fn claim_due(&self, lane: Lane, tasks: &TaskTracker) -> Result<()> {
        let permits = &self.inner.permits[lane as usize];
        if permits.available_permits() == 0 {
            return Ok(());
        }
        let startable = is_due_or_abandoned(self.inner.store.now());
        let candidates = lane.max_concurrent_records() * CANDIDATES_PER_PERMIT;
        let ids: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Status.is_in([RecordStatus::Waiting, RecordStatus::Running]))
            .filter(lane.condition())
            .filter(startable.clone())
            // A node without a suite's secrets leaves the suite's records to other nodes.
            .filter(Column::SuiteId.is_in(self.inner.suites.clone()))
            // Not by id alone: MySQL would read the table in the order of its primary key.
            .order_by_asc(Column::DueAt)
            .order_by_asc(Column::Id)
            .limit(candidates as u64)
            .into_tuple()
            .all(self.inner.store.database())
            .await?;
        for id in ids {
            let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
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
            let Some(row) = self.claim(id, startable.clone(), now).await? else {
                continue;
            };
            let worker = self.clone();
            tasks.spawn(async move {
                let brings_ticket = row.event == SUITE_TICKET;
                // The record holds the error.
                let _ = worker.process(row, in_flight, claimed_at, false).await;
                drop(permit);
                worker.inner.waker.wake(lane);
                if brings_ticket {
                    worker.inner.waker.wake(Lane::AuthCode);
                }
            });
        }
        Ok(())
    }

    /// Claims a record. One statement decides which node has it: the update that finds the old status.
    pub(super) async fn claim(
        &self,
        id: i64,
        old_status: Condition,
        now: Timestamp,
    ) -> Result<Option<Model>> {
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
}

/// The records that a node may claim: due, or left by a holder that is dead. A time that lies further ahead than any
/// wait is long was set by a clock that was wrong.
fn is_due_or_abandoned(now: Timestamp) -> Condition {
    let is_due = Condition::any()
        .add(Column::DueAt.lte(now))
        .add(Column::DueAt.gt(now + MAX_BACKOFF + MAX_CLOCK_SKEW));
    let is_waiting = Condition::all()
        .add(Column::Status.eq(RecordStatus::Waiting))
        .add(is_due);
    Condition::any().add(is_waiting).add(is_lease_expired(now))
}
