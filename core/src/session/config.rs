//! Lifetimes of sessions and the size of their cache.

use std::time::Duration;

/// Upper bound of [`SessionConfig::max_stale`]: a revocation on another node goes unnoticed at most this long.
const MAX_STALE_LIMIT: Duration = Duration::from_secs(600);

/// Lifetimes and cache sizes of sessions.
///
/// ```
/// use std::time::Duration;
/// use wecom_login::SessionConfig;
///
/// assert_eq!(SessionConfig::default().idle_timeout, Duration::from_hours(24));
/// assert_eq!(SessionConfig::strict().absolute_timeout, Duration::from_hours(24));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// A session ends after this long without a request. 24 hours.
    pub idle_timeout: Duration,
    /// A session ends this long after the login, however much it is used. 30 days.
    pub absolute_timeout: Duration,
    /// Capacity of the session cache. 100 000.
    pub max_cached: u64,
    /// How long a session that no request uses stays in the cache. An hour.
    pub cache_idle: Duration,
    /// How long cached sessions are served while the database does not answer: 0 to 600 seconds, more counts as 600.
    /// 120 seconds.
    pub max_stale: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_hours(24),
            absolute_timeout: Duration::from_hours(30 * 24),
            max_cached: 100_000,
            cache_idle: Duration::from_hours(1),
            max_stale: Duration::from_secs(120),
        }
    }
}

impl SessionConfig {
    /// Shorter lifetimes for sensitive apps: 1 hour idle, 24 hours in all.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            idle_timeout: Duration::from_hours(1),
            absolute_timeout: Duration::from_hours(24),
            ..Self::default()
        }
    }

    /// Sets how long after its last request a session ends.
    #[must_use]
    pub const fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how long after the login a session ends.
    #[must_use]
    pub const fn with_absolute_timeout(mut self, timeout: Duration) -> Self {
        self.absolute_timeout = timeout;
        self
    }

    /// Sets the capacity of the session cache.
    #[must_use]
    pub const fn with_max_cached(mut self, sessions: u64) -> Self {
        self.max_cached = sessions;
        self
    }

    /// Sets how long a session that no request uses stays in the cache.
    #[must_use]
    pub const fn with_cache_idle(mut self, time: Duration) -> Self {
        self.cache_idle = time;
        self
    }

    /// Sets how long cached sessions are served while the database does not answer. Until then a revocation on another
    /// node may go unnoticed. Zero to 600 seconds, more counts as 600. With zero, cached sessions are rejected after the
    /// first failed poll of the revocation log.
    #[must_use]
    pub const fn with_max_stale(mut self, time: Duration) -> Self {
        self.max_stale = time;
        self
    }

    /// How long cached sessions are served without a successful poll of the revocation log.
    pub(crate) fn max_stale(&self) -> Duration {
        self.max_stale.min(MAX_STALE_LIMIT)
    }

    /// How far the stored `last_seen_at` may lag behind before it is written again.
    pub(crate) fn touch_interval(&self) -> Duration {
        self.idle_timeout / 96
    }

    pub(crate) fn intervals(&self) -> Intervals {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Intervals {
            idle: millis(self.idle_timeout),
            touch: millis(self.touch_interval()),
        }
    }
}

/// The intervals that every cache hit compares, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intervals {
    /// The idle timeout.
    pub(crate) idle: i64,
    /// The touch interval.
    pub(crate) touch: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_stale_is_capped_at_ten_minutes() {
        let max_stale = |seconds| {
            SessionConfig::default()
                .with_max_stale(Duration::from_secs(seconds))
                .max_stale()
        };
        for (configured, effective) in [(0, 0), (120, 120), (600, 600), (86_400, 600)] {
            assert_eq!(max_stale(configured), Duration::from_secs(effective));
        }
    }
}
