//! The sessions in memory. A look takes a lock for reading, of one part in sixty-four, for as long as a hash table
//! needs; nobody holds one for longer.

use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::clock::Timestamp;
use crate::domain::TokenHash;
use crate::session::{CurrentUser, SessionConfig};

/// With a million sessions, one part is walked through in a millisecond.
const PARTS: usize = 64;

type Lifecycle = DefaultLifecycle<TokenHash, CurrentUser>;

/// Sessions by the hash of their token; those in use stay.
pub(super) struct Memory {
    sessions:
        Cache<TokenHash, CurrentUser, UnitWeighter, BuildHasherDefault<FirstBytes>, Lifecycle>,
    forget_after: Duration,
}

impl Memory {
    pub(super) fn new(settings: &SessionConfig) -> Self {
        let options = OptionsBuilder::new()
            .weight_capacity(settings.max_cached)
            .estimated_items_capacity(usize::try_from(settings.max_cached).unwrap_or(usize::MAX))
            .shards(PARTS)
            .build()
            .expect("both capacities are given");
        let sessions = Cache::with_options(
            options,
            UnitWeighter,
            BuildHasherDefault::default(),
            Lifecycle::default(),
        );
        // A use is noted once in a write interval, so that a shorter time would forget sessions in use.
        Self {
            sessions,
            forget_after: settings.cache_idle.max(2 * settings.write_interval()),
        }
    }

    pub(super) fn get(&self, hash: &TokenHash) -> Option<CurrentUser> {
        self.sessions.get(hash)
    }

    pub(super) fn insert(&self, user: &CurrentUser) {
        self.sessions.insert(user.0.token_hash, user.clone());
    }

    pub(super) fn remove(&self, hash: &TokenHash) -> Option<CurrentUser> {
        self.sessions.remove(hash).map(|(_, user)| user)
    }

    pub(super) fn clear(&self) {
        self.sessions.clear();
    }

    /// Forgets what was not asked for lately.
    pub(super) fn forget_unused(&self, now: Timestamp) {
        self.sessions
            .retain(|_, user| now.since(user.last_seen_at()) < self.forget_after);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

/// A SHA-256 is as even as a hash can be, and only tokens of our own get in: its first bytes will do.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The length, which goes before the bytes, is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn a_token_hash_is_hashed_to_its_first_bytes() {
        let mut hash = [0xee; 32];
        hash[..8].copy_from_slice(&7_u64.to_ne_bytes());

        assert_eq!(
            BuildHasherDefault::<FirstBytes>::default().hash_one(hash),
            7
        );
    }
}
