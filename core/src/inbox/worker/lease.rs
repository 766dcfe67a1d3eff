//! The lease on a record: whoever holds it works on the record, and sends its AuthCode.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::authorization::SendGuard;
use crate::clock::Timestamp;
use crate::db::RowLease;
use crate::db::entity::callback_record::{Column, Entity};
use crate::domain::RecordStatus;
use crate::inbox::worker::Worker;

/// A node that does not renew its lease for this long is dead, and another takes its record.
const RECORD_LEASE_DURATION: Duration = Duration::from_secs(6);
pub(super) const RECORD_LEASE: RowLease<Entity> =
    RowLease::new(Column::LeaseUntil, RECORD_LEASE_DURATION);
const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(2);
/// A call that begins in the last of the lease could end after it.
const LEASE_MARGIN: Duration = Duration::from_millis(500);

/// Until when this node may believe that the record is its own, on a clock that nobody moves.
pub(super) struct Lease {
    until: Mutex<Option<Instant>>,
    /// An AuthCode was sent under it, and what comes back is not stored yet.
    in_progress: watch::Sender<bool>,
    stop: CancellationToken,
}

impl Lease {
    pub(super) fn new(claimed_at: Instant, stop: CancellationToken) -> Self {
        let until = Mutex::new(Some(claimed_at + RECORD_LEASE_DURATION - LEASE_MARGIN));
        Self {
            until,
            in_progress: watch::Sender::new(false),
            stop,
        }
    }

    fn renewed(&self, asked_at: Instant) {
        *self.until() = Some(asked_at + RECORD_LEASE_DURATION - LEASE_MARGIN);
    }

    fn lost(&self) {
        *self.until() = None;
    }

    fn until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SendGuard for Lease {
    fn try_begin(&self) -> bool {
        let may =
            !self.stop.is_cancelled() && self.until().is_some_and(|until| Instant::now() < until);
        if may {
            self.in_progress.send_replace(true);
        }
        may
    }

    fn finish(&self) {
        self.in_progress.send_replace(false);
    }
}

impl Worker {
    /// The handle shuts down, and no AuthCode of this record is on its way: its answer cannot be had twice.
    pub(super) async fn until_released(&self, lease: &Lease) {
        self.0.stop.cancelled().await;
        // The guard lives as long as the lease, which is borrowed.
        let _ = lease
            .in_progress
            .subscribe()
            .wait_for(|in_progress| !in_progress)
            .await;
    }

    /// Renews the lease until dropped.
    pub(super) async fn renew(&self, id: i64, lease: &Lease) -> Infallible {
        loop {
            self.0.store.clock().sleep(LEASE_RENEWAL_INTERVAL).await;
            let asked_at = Instant::now();
            let held = Entity::update_many()
                .filter(Column::Id.eq(id))
                .filter(Column::Status.eq(RecordStatus::Running))
                .filter(Column::LeaseOwner.eq(self.0.node.clone()));
            let (database, now) = (self.0.store.heartbeat(), self.0.store.now());
            match RECORD_LEASE.renew(database, held, now).await {
                Ok(true) => lease.renewed(asked_at),
                Ok(false) => lease.lost(),
                // It holds as long as it held.
                Err(_) => {}
            }
        }
    }
}

/// The records whose holder is gone.
pub(super) fn is_lease_expired(now: Timestamp) -> Condition {
    Condition::all()
        .add(Column::Status.eq(RecordStatus::Running))
        .add(RECORD_LEASE.is_free(now))
}
