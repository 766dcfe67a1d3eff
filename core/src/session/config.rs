//! How long sessions live, and how many stay in memory.

use std::time::Duration;

/// An end on another node goes unheard at most this long.
const LONGEST_WITHOUT_DATABASE: Duration = Duration::from_secs(600);

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
    /// A session ends this long after the login, whatever happens. 30 days.
    pub absolute_timeout: Duration,
    /// How many sessions stay in memory. 100 000.
    pub max_cached: u64,
    /// How long a session that is not asked for stays in memory. An hour.
    pub cache_idle: Duration,
    /// How long sessions in memory go on while the database is gone: 0 to 600 seconds, and more counts as 600. 120
    /// seconds.
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
    /// For apps where more is at stake: 1 hour idle, 24 hours in all.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            idle_timeout: Duration::from_hours(1),
            absolute_timeout: Duration::from_hours(24),
            ..Self::default()
        }
    }

    /// Sets after how long without a request a session ends.
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

    /// Sets how many sessions stay in memory.
    #[must_use]
    pub const fn with_max_cached(mut self, sessions: u64) -> Self {
        self.max_cached = sessions;
        self
    }

    /// Sets how long a session that no request uses stays in memory.
    #[must_use]
    pub const fn with_cache_idle(mut self, time: Duration) -> Self {
        self.cache_idle = time;
        self
    }

    /// Sets how long sessions in memory go on while the database is gone: until then an end on another node may go
    /// unheard. Zero to 600 seconds; more counts as 600. With zero none goes on once the database does not answer.
    #[must_use]
    pub const fn with_max_stale(mut self, time: Duration) -> Self {
        self.max_stale = time;
        self
    }

    /// How long sessions in memory are believed without news of the database.
    pub(crate) fn max_stale(&self) -> Duration {
        self.max_stale.min(LONGEST_WITHOUT_DATABASE)
    }

    /// How old the stored activity may become before it is written again.
    pub(crate) fn write_interval(&self) -> Duration {
        self.idle_timeout / 96
    }

    pub(crate) fn intervals(&self) -> Intervals {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Intervals {
            idle: millis(self.idle_timeout),
            write: millis(self.write_interval()),
        }
    }
}

/// What every hit compares, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intervals {
    /// A session that was not used for so long is over.
    pub(crate) idle: i64,
    /// A use that long after the one that was written is written.
    pub(crate) write: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_go_on_without_the_database_for_ten_minutes_at_most() {
        let max_stale = |seconds| {
            SessionConfig::default()
                .with_max_stale(Duration::from_secs(seconds))
                .max_stale()
        };
        for (set, believed) in [(0, 0), (120, 120), (600, 600), (86_400, 600)] {
            assert_eq!(max_stale(set), Duration::from_secs(believed));
        }
    }
}
