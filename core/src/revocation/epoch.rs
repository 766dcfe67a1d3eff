//! The epochs of people and authorisations, as this node knows them. Ending many sessions is adding one to an epoch:
//! every cached session holds the cell of its epochs and compares it at each hit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::domain::Principal;
use crate::domain::{CorpId, SuiteId};

/// A new end is remembered at least this long, so that a session loaded from the state before it finds it.
/// No load takes that long: the database answers in seconds or not at all.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Below this number of cells there is nothing to tidy.
const TIDY_FROM: usize = 1024;

/// Whose epoch it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EpochKey {
    /// In one piece: there is one of these in memory for each person, and this keeps it small.
    Authorization(Arc<(SuiteId, CorpId)>),
    /// With the epoch of the authorisation: people are counted anew after a company was erased.
    Member(Arc<Principal>, i64),
}

/// An epoch that a session was made with, beside the newest one that this node knows.
#[derive(Debug)]
pub(crate) struct Epoch {
    made_with: i64,
    newest: Arc<AtomicI64>,
}

impl Epoch {
    pub(crate) fn is_current(&self) -> bool {
        self.newest.load(Ordering::Acquire) == self.made_with
    }
}

/// The newest epochs. Cells live as long as a session holds them.
#[derive(Debug)]
pub(crate) struct Epochs {
    cells: Mutex<Cells>,
    ended: moka::sync::Cache<EpochKey, (Arc<AtomicI64>, u64)>,
    /// Numbers the ends, so that a login can tell whether one came after it began.
    ends: AtomicU64,
    /// The number at which nothing that was read before could be relied on any more.
    forgotten: AtomicU64,
}

#[derive(Debug)]
struct Cells {
    of: HashMap<EpochKey, Weak<AtomicI64>>,
    tidy_at: usize,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self {
            cells: Mutex::new(Cells {
                of: HashMap::new(),
                tidy_at: TIDY_FROM,
            }),
            ended: moka::sync::Cache::builder()
                .time_to_live(REMEMBERED)
                .build(),
            ends: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
        }
    }

    /// The epoch of a session that was made with `made_with`, where the database now says `stored`.
    pub(crate) fn track(&self, whose: EpochKey, made_with: i64, stored: i64) -> Epoch {
        let newest = self.cell(whose);
        newest.fetch_max(stored, Ordering::AcqRel);
        Epoch { made_with, newest }
    }

    /// A new epoch was stored: every session made with an older one is over.
    pub(crate) fn advance(&self, whose: EpochKey, epoch: i64) {
        let cell = self.cell(whose.clone());
        // An end that is known already, such as our own when the feed brings it back, is no new one.
        if cell.fetch_max(epoch, Ordering::AcqRel) >= epoch {
            return;
        }
        let number = self.ends.fetch_add(1, Ordering::AcqRel) + 1;
        self.ended.insert(whose, (cell, number));
    }

    /// Nothing that was read until now can be relied on any more.
    pub(crate) fn flush(&self) {
        let number = self.ends.fetch_add(1, Ordering::AcqRel) + 1;
        self.forgotten.fetch_max(number, Ordering::AcqRel);
    }

    /// When that was last, in the numbers of the ends.
    pub(crate) fn flush_seq(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// The number of the newest end.
    pub(crate) fn seq(&self) -> u64 {
        self.ends.load(Ordering::Acquire)
    }

    /// Whether this one's sessions were ended after the end of that number.
    pub(crate) fn revoked_since(&self, whose: &EpochKey, number: u64) -> bool {
        self.ended
            .get(whose)
            .is_some_and(|(_, ended)| ended > number)
    }

    fn cell(&self, whose: EpochKey) -> Arc<AtomicI64> {
        // A panic elsewhere cannot leave the map half-written.
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.of.get(&whose).and_then(Weak::upgrade) {
            return cell;
        }
        if cells.of.len() >= cells.tidy_at {
            cells.of.retain(|_, cell| cell.strong_count() > 0);
            cells.tidy_at = TIDY_FROM.max(2 * cells.of.len());
        }
        let cell = Arc::new(AtomicI64::new(i64::MIN));
        cells.of.insert(whose, Arc::downgrade(&cell));
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
    fn a_new_epoch_ends_every_session_of_the_old_one() {
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
    fn a_session_loaded_from_before_the_end_is_dead_on_arrival() {
        let epochs = Epochs::new();
        epochs.advance(corp("a"), 8);
        assert!(!epochs.track(corp("a"), 7, 7).is_current());
    }

    #[test]
    fn an_end_that_is_heard_of_twice_is_one_end() {
        let epochs = Epochs::new();
        epochs.advance(corp("a"), 4);
        let login_began = epochs.seq();
        epochs.advance(corp("a"), 4);
        assert!(!epochs.revoked_since(&corp("a"), login_began));
        epochs.advance(corp("a"), 5);
        assert!(epochs.revoked_since(&corp("a"), login_began));
    }

    #[test]
    fn cells_that_nobody_holds_are_dropped() {
        let epochs = Epochs::new();
        for number in 0..TIDY_FROM * 3 {
            drop(epochs.track(corp(&format!("c{number}")), 0, 0));
        }
        assert!(epochs.cells.lock().unwrap().of.len() <= TIDY_FROM);
    }
}
