//! Epochs: many sessions are revoked by incrementing one number.
//!
//! A member and an authorization have an epoch each, in the database. A session holds those that it was created with,
//! and every hit of the session cache compares them to the newest ones that this node knows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::{CorpId, Principal, SuiteId};

/// How long an advanced epoch is kept when no session holds it, so that a session which was loaded from an older state
/// finds it. No load takes that long: the database answers in seconds or not at all.
const ADVANCED_EPOCH_TTL: Duration = Duration::from_mins(5);

/// Below this number of cells, those that no session holds are not removed.
const MIN_CELLS_TO_PRUNE: usize = 1024;

/// Whose epoch it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EpochKey {
    /// Of an authorization. In one `Arc`, which keeps the key small: there is one in memory for each member.
    Authorization(Arc<(SuiteId, CorpId)>),
    /// Of a member, under this epoch of the authorization: when a corp's data is erased, its members start at zero
    /// again.
    Member(Arc<Principal>, i64),
}

/// The epoch of a session, beside the newest one that this node knows.
#[derive(Debug)]
pub(crate) struct Epoch {
    own: i64,
    newest: Arc<AtomicI64>,
}

impl Epoch {
    /// Tells whether the session's epoch is the newest one.
    pub(crate) fn is_current(&self) -> bool {
        self.newest.load(Ordering::Acquire) == self.own
    }
}

/// The newest epochs that this node knows. A cell lives as long as a session holds it.
#[derive(Debug)]
pub(crate) struct Epochs {
    cells: Mutex<Cells>,
    /// The epochs that advanced recently, with the sequence number of the newest advance.
    advanced: moka::sync::Cache<EpochKey, (Arc<AtomicI64>, u64)>,
    /// Numbers advances and flushes, so that a login or a load can tell whether one came after it began.
    seq: AtomicU64,
    /// The number of the newest flush.
    flush_seq: AtomicU64,
}

#[derive(Debug)]
struct Cells {
    by_key: HashMap<EpochKey, Weak<AtomicI64>>,
    prune_at: usize,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self {
            cells: Mutex::new(Cells {
                by_key: HashMap::new(),
                prune_at: MIN_CELLS_TO_PRUNE,
            }),
            advanced: moka::sync::Cache::builder()
                .time_to_live(ADVANCED_EPOCH_TTL)
                .build(),
            seq: AtomicU64::new(0),
            flush_seq: AtomicU64::new(0),
        }
    }

    /// Returns the epoch of a session that was created with `own`, where the database now has `stored`.
    pub(crate) fn track(&self, key: EpochKey, own: i64, stored: i64) -> Epoch {
        let newest = self.cell(key);
        newest.fetch_max(stored, Ordering::AcqRel);
        Epoch { own, newest }
    }

    /// Sets a newer epoch: every session of an older one is revoked.
    pub(crate) fn advance(&self, key: EpochKey, epoch: i64) {
        let cell = self.cell(key.clone());
        // An epoch that is known, such as our own when the log brings it back, is no new revocation.
        if cell.fetch_max(epoch, Ordering::AcqRel) >= epoch {
            return;
        }
        let seq = self.seq.fetch_add(1, Ordering::AcqRel) + 1;
        self.advanced.insert(key, (cell, seq));
    }

    /// Forgets an epoch that starts at zero again. The sessions that hold it stay as they are.
    pub(crate) fn forget(&self, key: &EpochKey) {
        self.cells.lock().by_key.remove(key);
        self.advanced.invalidate(key);
    }

    /// Invalidates everything that was read until now.
    pub(crate) fn flush(&self) {
        let seq = self.seq.fetch_add(1, Ordering::AcqRel) + 1;
        self.flush_seq.fetch_max(seq, Ordering::AcqRel);
    }

    /// Returns the sequence number of the newest flush.
    pub(crate) fn flush_seq(&self) -> u64 {
        self.flush_seq.load(Ordering::Acquire)
    }

    /// Returns the sequence number of the newest advance or flush.
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// Tells whether this epoch advanced after that sequence number.
    pub(crate) fn revoked_since(&self, key: &EpochKey, since_seq: u64) -> bool {
        self.advanced
            .get(key)
            .is_some_and(|(_, seq)| seq > since_seq)
    }

    fn cell(&self, key: EpochKey) -> Arc<AtomicI64> {
        let mut cells = self.cells.lock();
        if let Some(cell) = cells.by_key.get(&key).and_then(Weak::upgrade) {
            return cell;
        }
        if cells.by_key.len() >= cells.prune_at {
            cells.by_key.retain(|_, cell| cell.strong_count() > 0);
            cells.prune_at = MIN_CELLS_TO_PRUNE.max(2 * cells.by_key.len());
        }
        let cell = Arc::new(AtomicI64::new(i64::MIN));
        cells.by_key.insert(key, Arc::downgrade(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corp(name: &str) -> EpochKey {
        EpochKey::Authorization(Arc::new((
            SuiteId::new("dkS").unwrap(),
            CorpId::new(name).unwrap(),
        )))
    }

    #[test]
    fn advance_revokes_sessions_of_older_epoch() {
        let epochs = Epochs::new();
        let (one, two, other) = (
            epochs.track(corp("a"), 3, 3),
            epochs.track(corp("a"), 3, 3),
            epochs.track(corp("b"), 3, 3),
        );
        assert!(one.is_current() && two.is_current());
        epochs.advance(corp("a"), 4);
        assert!(!one.is_current() && !two.is_current() && other.is_current());
        assert!(epochs.track(corp("a"), 4, 4).is_current());
    }

    #[test]
    fn session_loaded_from_before_advance_is_not_current() {
        let epochs = Epochs::new();
        epochs.advance(corp("a"), 8);
        assert!(!epochs.track(corp("a"), 7, 7).is_current());
    }

    #[test]
    fn advance_to_known_epoch_is_no_revocation() {
        let epochs = Epochs::new();
        epochs.advance(corp("a"), 4);
        let login_started = epochs.seq();
        epochs.advance(corp("a"), 4);
        assert!(!epochs.revoked_since(&corp("a"), login_started));
        epochs.advance(corp("a"), 5);
        assert!(epochs.revoked_since(&corp("a"), login_started));
    }

    #[test]
    fn forgotten_epoch_starts_at_zero_and_revives_nothing() {
        let epochs = Epochs::new();
        let old = epochs.track(corp("a"), 3, 3);
        epochs.advance(corp("a"), 4);
        epochs.forget(&corp("a"));
        assert!(!old.is_current());
        assert!(epochs.track(corp("a"), 0, 0).is_current());
        assert!(!old.is_current());
    }

    #[test]
    fn cells_without_sessions_are_removed() {
        let epochs = Epochs::new();
        for number in 0..MIN_CELLS_TO_PRUNE * 3 {
            drop(epochs.track(corp(&format!("c{number}")), 0, 0));
        }
        assert!(epochs.cells.lock().by_key.len() <= MIN_CELLS_TO_PRUNE);
    }
}
