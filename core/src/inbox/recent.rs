//! The newest settled events, whose redeliveries are answered from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// How many settled events stay in memory.
const MAX_RECENT_EVENTS: u64 = 1024;

/// The settled events that arrived lately, by content hash.
pub(super) struct RecentEvents {
    by_hash: Cache<[u8; 32], Arc<RecentEvent>>,
}

#[derive(Debug)]
struct RecentEvent {
    record_id: i64,
    /// Redeliveries that the record does not count yet.
    duplicates: AtomicI32,
}

/// A redelivered event whose record does not count all redeliveries yet.
#[derive(Debug)]
pub(crate) struct Redelivery {
    event: Arc<RecentEvent>,
}

impl Redelivery {
    pub(super) fn record_id(&self) -> i64 {
        self.event.record_id
    }

    /// Takes the number of redeliveries to count.
    pub(super) fn take_duplicates(&self) -> i32 {
        self.event.duplicates.swap(0, Ordering::Relaxed)
    }
}

/// Whether an event is in memory.
pub(super) enum Lookup {
    Unknown,
    /// Its redelivery is counted in memory; the first one since the last count has to be passed on.
    Known(Option<Redelivery>),
}

impl RecentEvents {
    pub(super) fn new() -> Self {
        Self {
            by_hash: Cache::builder()
                .max_capacity(MAX_RECENT_EVENTS)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        }
    }

    /// Looks up an event that arrived, and counts a redelivery.
    pub(super) fn redeliver(&self, hash: &[u8; 32]) -> Lookup {
        let Some(event) = self.by_hash.get(hash) else {
            return Lookup::Unknown;
        };
        let is_first = event.duplicates.fetch_add(1, Ordering::Relaxed) == 0;
        Lookup::Known(is_first.then_some(Redelivery { event }))
    }

    /// Adds an event whose record is settled.
    pub(super) fn insert(&self, hash: &[u8], record_id: i64) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            let event = RecentEvent {
                record_id,
                duplicates: AtomicI32::new(0),
            };
            self.by_hash.insert(hash, Arc::new(event));
        }
    }

    pub(super) fn invalidate(&self, hash: &[u8]) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            self.by_hash.invalidate(&hash);
        }
    }

    pub(super) fn invalidate_all(&self) {
        self.by_hash.invalidate_all();
    }
}
