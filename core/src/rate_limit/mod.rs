//! Rate limits per minute, by any key and by client address.
//!
//! Written by hand because the limits need windows that begin with a key's first event, our own clock, and a check that
//! does not count.

mod client;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics;

pub(crate) use client::{ClientRateLimiter, client_key};

const WINDOW: Duration = Duration::from_mins(1);

/// Beyond this number of keys the least recently used are evicted, so that memory is bounded. An attacker with that many
/// addresses is not stopped by a limit per address.
const MAX_KEYS: u64 = 100_000;

/// Counts events by key in windows of a minute. A window begins with the first event of its key.
///
/// Clones share their counts.
#[derive(Clone)]
pub(crate) struct RateLimiter<K> {
    windows: Cache<K, Window>,
    /// The word of a label.
    name: &'static str,
    per_minute: u32,
    clock: Arc<dyn Clock>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> RateLimiter<K> {
    pub(crate) fn new(name: &'static str, per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let windows = Cache::builder()
            .max_capacity(MAX_KEYS)
            .eviction_policy(EvictionPolicy::lru())
            // Only frees memory: the end of a window is decided by our own clock.
            .time_to_idle(2 * WINDOW)
            .build();
        Self {
            windows,
            name,
            per_minute,
            clock,
        }
    }

    /// Checks the limit without counting: for events that are recorded only when they fail.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn check(&self, key: &K) -> Result<()> {
        match self.windows.get(key) {
            Some(window) if window.count >= self.per_minute => self.reject_until_end(window),
            _ => Ok(()),
        }
    }

    /// Counts an event.
    pub(crate) fn record(&self, key: K) {
        self.increment(key);
    }

    /// Counts an event and checks the limit: for events that count whether they fail or not.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the window ends.
    pub(crate) fn acquire(&self, key: K) -> Result<()> {
        let window = self.increment(key);
        if window.count > self.per_minute {
            self.reject_until_end(window)
        } else {
            Ok(())
        }
    }

    fn increment(&self, key: K) -> Window {
        let now = self.clock.now();
        let entry = self
            .windows
            .entry(key)
            .and_upsert_with(|window| match window {
                Some(window) if now.since(window.value().started_at) < WINDOW => {
                    let window = window.value();
                    Window {
                        started_at: window.started_at,
                        count: window.count.saturating_add(1),
                    }
                }
                _ => Window {
                    started_at: now,
                    count: 1,
                },
            });
        entry.into_value()
    }

    fn reject_until_end(&self, window: Window) -> Result<()> {
        let remaining = WINDOW.saturating_sub(self.clock.now().since(window.started_at));
        if remaining.is_zero() {
            return Ok(());
        }
        metrics::limit_hit(self.name);
        Err(
            Error::new(ErrorKind::RateLimited, "too many attempts within a minute")
                .with_retry_after(remaining),
        )
    }
}

#[derive(Clone, Copy)]
struct Window {
    started_at: Timestamp,
    count: u32,
}

impl<K> fmt::Debug for RateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("per_minute", &self.per_minute)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn limiter(per_minute: u32) -> (RateLimiter<&'static str>, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        (
            RateLimiter::new("test", per_minute, Arc::new(clock.clone())),
            clock,
        )
    }

    #[test]
    fn check_rejects_after_recorded_failures_until_window_ends() {
        let (limiter, clock) = limiter(2);
        limiter.record("a");
        assert!(limiter.check(&"a").is_ok());
        clock.advance(Duration::from_millis(500));
        limiter.record("a");
        let error = limiter.check(&"a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_millis(59_500)));
        assert!(limiter.check(&"b").is_ok(), "another key is another count");
        clock.advance(Duration::from_millis(59_500));
        assert!(limiter.check(&"a").is_ok());
    }

    #[test]
    fn acquire_over_the_limit_does_not_extend_the_window() {
        let (limiter, clock) = limiter(3);
        for _ in 0..3 {
            limiter.acquire("a").unwrap();
        }
        clock.advance(Duration::from_secs(59));
        assert_eq!(
            limiter.acquire("a").unwrap_err().retry_after(),
            Some(Duration::from_secs(1))
        );
        clock.advance(Duration::from_secs(1));
        limiter.acquire("a").unwrap();
    }

    #[test]
    fn record_from_several_threads_loses_no_event() {
        let (limiter, _) = limiter(400);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| limiter.record("a")));
            }
        });
        assert!(limiter.check(&"a").is_err(), "all 400 are there");
        let (limiter, _) = self::limiter(401);
        (0..400).for_each(|_| limiter.record("a"));
        assert!(limiter.check(&"a").is_ok());
    }
}
