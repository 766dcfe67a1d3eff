//! How often a client may do something in a minute.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};

const WINDOW: Duration = Duration::from_mins(1);

/// More keys than this at once, and the ones not seen for longest are forgotten: memory is bounded, and who has
/// that many addresses is not stopped by counting them.
const KEYS: u64 = 100_000;

/// Counts events by key in windows of a minute. A window begins with the first event of its key.
///
/// Clones count together.
#[derive(Clone)]
pub(crate) struct Limit<K> {
    windows: Cache<K, Window>,
    per_minute: u32,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy)]
struct Window {
    began: Timestamp,
    count: u32,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Limit<K> {
    pub(crate) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let windows = Cache::builder()
            .max_capacity(KEYS)
            .eviction_policy(EvictionPolicy::lru())
            // Only to free memory; whether a window is over is told by our own clock.
            .time_to_idle(2 * WINDOW)
            .build();
        Self {
            windows,
            per_minute,
            clock,
        }
    }

    /// Whether the key has events left. Counts nothing: for what is counted only when it fails.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time until the window ends.
    pub(crate) fn check(&self, key: &K) -> Result<()> {
        match self.windows.get(key) {
            Some(window) if window.count >= self.per_minute => self.refuse_until_over(window),
            _ => Ok(()),
        }
    }

    /// Counts an event.
    pub(crate) fn count(&self, key: K) {
        self.counted(key);
    }

    /// Counts an event and says whether it is still within the limit: for what is counted in any case.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time until the window ends.
    pub(crate) fn take(&self, key: K) -> Result<()> {
        let window = self.counted(key);
        if window.count > self.per_minute {
            self.refuse_until_over(window)
        } else {
            Ok(())
        }
    }

    fn counted(&self, key: K) -> Window {
        let now = self.clock.now();
        let entry = self
            .windows
            .entry(key)
            .and_upsert_with(|window| match window {
                Some(window) if now.since(window.value().began) < WINDOW => {
                    let window = window.value();
                    Window {
                        began: window.began,
                        count: window.count.saturating_add(1),
                    }
                }
                _ => Window {
                    began: now,
                    count: 1,
                },
            });
        entry.into_value()
    }

    fn refuse_until_over(&self, window: Window) -> Result<()> {
        let left = WINDOW.saturating_sub(self.clock.now().since(window.began));
        if left.is_zero() {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::RateLimited, "too many attempts within a minute")
                .with_retry_after(left),
        )
    }
}

/// What a client is counted by: an IPv6 client by its /64, since it has as many addresses there as it likes.
pub(crate) fn client_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl<K> fmt::Debug for Limit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("per_minute", &self.per_minute)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn limit(per_minute: u32) -> (Limit<&'static str>, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        (Limit::new(per_minute, Arc::new(clock.clone())), clock)
    }

    #[test]
    fn failures_are_counted_and_the_limit_says_when_it_ends() {
        let (limit, clock) = limit(2);
        limit.count("a");
        assert!(limit.check(&"a").is_ok());
        clock.advance(Duration::from_millis(500));
        limit.count("a");
        let error = limit.check(&"a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_millis(59_500)));
        assert!(limit.check(&"b").is_ok(), "another key is another count");
        clock.advance(Duration::from_millis(59_500));
        assert!(limit.check(&"a").is_ok());
    }

    #[test]
    fn takes_beyond_the_limit_are_refused_and_do_not_prolong_the_window() {
        let (limit, clock) = limit(3);
        for _ in 0..3 {
            limit.take("a").unwrap();
        }
        clock.advance(Duration::from_secs(59));
        assert_eq!(
            limit.take("a").unwrap_err().retry_after(),
            Some(Duration::from_secs(1))
        );
        clock.advance(Duration::from_secs(1));
        limit.take("a").unwrap();
    }

    #[test]
    fn threads_that_count_at_once_lose_nothing() {
        let (limit, _) = limit(400);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| limit.count("a")));
            }
        });
        assert!(limit.check(&"a").is_err(), "all 400 are there");
        let (limit, _) = self::limit(401);
        (0..400).for_each(|_| limit.count("a"));
        assert!(limit.check(&"a").is_ok());
    }
}
