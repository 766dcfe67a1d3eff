//! The cache of sessions by the hash of their token. A look-up takes the read lock of one of 64 shards for the time of
//! a hash table look-up; no operation holds a lock for longer than a scan of one shard.

use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::clock::Timestamp;
use crate::domain::TokenHash;
use crate::session::{CurrentUser, SessionConfig};

/// 64 shards: at one million entries, scanning one shard holds its lock for about 1 ms.
const SHARDS: usize = 64;

type Lifecycle = DefaultLifecycle<TokenHash, CurrentUser>;

/// The sessions in memory, at most [`SessionConfig::max_cached`].
pub(super) struct SessionCache {
    sessions:
        Cache<TokenHash, CurrentUser, UnitWeighter, BuildHasherDefault<PrehashedHasher>, Lifecycle>,
    idle_timeout: Duration,
}

impl SessionCache {
    pub(super) fn new(config: &SessionConfig) -> Self {
        let options = OptionsBuilder::new()
            .weight_capacity(config.max_cached)
            .estimated_items_capacity(usize::try_from(config.max_cached).unwrap_or(usize::MAX))
            .shards(SHARDS)
            .build()
            .expect("both capacities are set");
        let sessions = Cache::with_options(
            options,
            UnitWeighter,
            BuildHasherDefault::default(),
            Lifecycle::default(),
        );
        // `last_seen_at` advances once per touch interval: a shorter timeout would evict sessions in use.
        Self {
            sessions,
            idle_timeout: config.cache_idle.max(2 * config.touch_interval()),
        }
    }

    pub(super) fn get(&self, hash: &TokenHash) -> Option<CurrentUser> {
        self.sessions.get(hash)
    }

    pub(super) fn insert(&self, user: &CurrentUser) {
        self.sessions.insert(user.session.token_hash, user.clone());
    }

    pub(super) fn remove(&self, hash: &TokenHash) -> Option<CurrentUser> {
        self.sessions.remove(hash).map(|(_, user)| user)
    }

    pub(super) fn clear(&self) {
        self.sessions.clear();
    }

    /// Removes the sessions that no request used within the cache's idle timeout.
    pub(super) fn evict_idle(&self, now: Timestamp) {
        self.sessions
            .retain(|_, user| now.since(user.last_seen_at()) < self.idle_timeout);
    }
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCache")
    }
}

/// Takes the first 8 bytes of the key as its hash. The keys are SHA-256 hashes of tokens that this service issued, so
/// nobody can choose them to collide.
#[derive(Default)]
struct PrehashedHasher {
    hash: u64,
}

impl Hasher for PrehashedHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.hash = u64::from_ne_bytes(*first);
        }
    }

    /// Ignores the length prefix, which is the same for every key.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn prehashed_hasher_returns_first_eight_bytes() {
        let mut hash = [0xee; 32];
        hash[..8].copy_from_slice(&7_u64.to_ne_bytes());

        assert_eq!(
            BuildHasherDefault::<PrehashedHasher>::default().hash_one(hash),
            7
        );
    }
}
