//! The lease on a record: only its holder works on the record and sends its AuthCode.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::authorization::SendGuard;
use crate::clock::Timestamp;
use crate::db::RowLease;
use crate::db::entity::callback_record::{Column, Entity};
use crate::domain::RecordStatus;
use crate::inbox::worker::Worker;

/// A node that does not renew its lease for this long is considered dead: another node claims its record.
const RECORD_LEASE_DURATION: Duration = Duration::from_secs(6);
/// A lease that ends later was set while a clock was wrong: its record is free.
const MAX_RECORD_LEASE_DURATION: Duration = Duration::from_mins(1);
pub(super) const RECORD_LEASE: RowLease<Entity> =
    RowLease::new(Column::LeaseUntil, RECORD_LEASE_DURATION)
        .with_max_duration(MAX_RECORD_LEASE_DURATION);
/// An attempt that takes longer, other than for an AuthCode on its way, is given up.
const MAX_ATTEMPT_DURATION: Duration = Duration::from_mins(1);
const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(2);
/// A call that starts later than this before the end of the lease could outlive it.
const LEASE_MARGIN: Duration = Duration::from_millis(500);

/// How long this node may rely on its lease, by a monotonic clock.
pub(super) struct Lease {
    /// `None` once the lease is lost.
    valid_until: Mutex<Option<Instant>>,
    /// An AuthCode was sent under the lease, and WeCom's answer is not stored yet.
    in_progress: watch::Sender<Option<TaskTrackerToken>>,
    /// An AuthCode was sent under the lease, and may be spent.
    was_sent: AtomicBool,
    auth_codes: TaskTracker,
    stop: CancellationToken,
}

impl Lease {
    pub(super) fn new(
        claimed_at: Instant,
        auth_codes: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self {
            valid_until: Mutex::new(Some(valid_until(claimed_at))),
            in_progress: watch::Sender::new(None),
            was_sent: AtomicBool::new(false),
            auth_codes,
            stop,
        }
    }

    /// Whether an AuthCode was sent under this lease that may be spent.
    pub(super) fn was_sent(&self) -> bool {
        self.was_sent.load(Ordering::Relaxed)
    }

    /// Waits until no AuthCode is on its way under this lease: WeCom answers it only once.
    async fn until_stored(&self) {
        // The sender lives as long as the lease, which is borrowed.
        let _ = self.in_progress.subscribe().wait_for(Option::is_none).await;
    }
}

impl SendGuard for Lease {
    fn try_begin(&self) -> bool {
        let valid_until = *self.valid_until.lock();
        let may_send =
            !self.stop.is_cancelled() && valid_until.is_some_and(|until| Instant::now() < until);
        if may_send {
            self.was_sent.store(true, Ordering::Relaxed);
            self.in_progress.send_replace(Some(self.auth_codes.token()));
        }
        may_send
    }

    fn not_spent(&self) {
        self.was_sent.store(false, Ordering::Relaxed);
        self.in_progress.send_replace(None);
    }

    fn finish(&self) {
        self.in_progress.send_replace(None);
    }
}

impl Worker {
    /// Completes when the handle shuts down and no AuthCode of this record is on its way.
    pub(super) async fn until_released(&self, lease: &Lease) {
        self.inner.stop.cancelled().await;
        lease.until_stored().await;
    }

    /// Completes when the attempt takes too long and no AuthCode of this record is on its way.
    pub(super) async fn until_overdue(&self, lease: &Lease) {
        tokio::time::sleep(MAX_ATTEMPT_DURATION).await;
        lease.until_stored().await;
    }

    /// Renews the lease. Completes when it is lost, unless an AuthCode was sent under it: the work after the answer is
    /// then done by whoever has it.
    pub(super) async fn renew_until_lost(&self, id: i64, lease: &Lease) {
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
                Ok(false) => {
                    *lease.valid_until.lock() = None;
                    if !lease.was_sent() {
                        return;
                    }
                }
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
