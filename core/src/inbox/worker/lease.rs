//! The lease on a record: only its holder works on the record and sends its AuthCode.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::authorization::SendGuard;
use crate::clock::Timestamp;
use crate::db::RowLease;
use crate::db::entity::callback_record::{Column, Entity};
use crate::domain::RecordStatus;
use crate::inbox::worker::Worker;

/// A node that does not renew its lease for this long is considered dead: another node claims its record.
const RECORD_LEASE_DURATION: Duration = Duration::from_secs(6);
pub(super) const RECORD_LEASE: RowLease<Entity> =
    RowLease::new(Column::LeaseUntil, RECORD_LEASE_DURATION);
const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(2);
/// A call that starts later than this before the end of the lease could outlive it.
const LEASE_MARGIN: Duration = Duration::from_millis(500);

/// How long this node may rely on its lease, by a monotonic clock.
pub(super) struct Lease {
    /// `None` once the lease is lost.
    valid_until: Mutex<Option<Instant>>,
    /// An AuthCode was sent under the lease, and WeCom's answer is not stored yet.
    in_progress: watch::Sender<bool>,
    stop: CancellationToken,
}

impl Lease {
    pub(super) fn new(claimed_at: Instant, stop: CancellationToken) -> Self {
        Self {
            valid_until: Mutex::new(Some(valid_until(claimed_at))),
            in_progress: watch::Sender::new(false),
            stop,
        }
    }
}

impl SendGuard for Lease {
    fn try_begin(&self) -> bool {
        let valid_until = *self.valid_until.lock();
        let may_send =
            !self.stop.is_cancelled() && valid_until.is_some_and(|until| Instant::now() < until);
        if may_send {
            self.in_progress.send_replace(true);
        }
        may_send
    }

    fn finish(&self) {
        self.in_progress.send_replace(false);
    }
}

impl Worker {
    /// Completes when the handle shuts down and no AuthCode of this record is on its way: WeCom answers it only once.
    pub(super) async fn until_released(&self, lease: &Lease) {
        self.inner.stop.cancelled().await;
        // The sender lives as long as the lease, which is borrowed.
        let _ = lease
            .in_progress
            .subscribe()
            .wait_for(|in_progress| !in_progress)
            .await;
    }

    /// Renews the lease until dropped.
    pub(super) async fn renew(&self, id: i64, lease: &Lease) -> Infallible {
        loop {
            self.inner.store.clock().sleep(LEASE_RENEWAL_INTERVAL).await;
            let asked_at = Instant::now();
            let held = Entity::update_many()
                .filter(Column::Id.eq(id))
                .filter(Column::Status.eq(RecordStatus::Running))
                .filter(Column::LeaseOwner.eq(self.inner.node.clone()));
            let (database, now) = (self.inner.store.heartbeat(), self.inner.store.now());
            match RECORD_LEASE.renew(database, held, now).await {
                Ok(true) => *lease.valid_until.lock() = Some(valid_until(asked_at)),
                Ok(false) => *lease.valid_until.lock() = None,
                // It stays valid for as long as it was.
                Err(_) => {}
            }
        }
    }
}

/// The records whose holder is dead.
pub(super) fn is_lease_expired(now: Timestamp) -> Condition {
    Condition::all()
        .add(Column::Status.eq(RecordStatus::Running))
        .add(RECORD_LEASE.is_free(now))
}

fn valid_until(asked_at: Instant) -> Instant {
    asked_at + RECORD_LEASE_DURATION - LEASE_MARGIN
}
