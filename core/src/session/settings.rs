//! How long sessions live, and how many stay in memory.

use std::time::Duration;

/// An end on another node goes unheard at most this long.
const LONGEST_WITHOUT_DATABASE: Duration = Duration::from_secs(600);

/// Lifetimes and cache sizes of sessions.
///
/// ```
/// use std::time::Duration;
/// use wecom_login::SessionSettings;
///
/// assert_eq!(SessionSettings::default().idle, Duration::from_hours(24));
/// assert_eq!(SessionSettings::strict().absolute, Duration::from_hours(24));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionSettings {
    /// A session ends after this long without a request. 24 hours.
    pub idle: Duration,
    /// A session ends this long after the login, whatever happens. 30 days.
    pub absolute: Duration,
    /// How many sessions stay in memory. 100 000.
    pub cached: u64,
    /// How long a session that is not asked for stays in memory. An hour.
    pub cached_for: Duration,
    /// How long sessions in memory go on while the database is gone: 0 to 600 seconds, and more counts as 600. 120
    /// seconds.
    pub cached_without_database: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            idle: Duration::from_hours(24),
            absolute: Duration::from_hours(30 * 24),
            cached: 100_000,
            cached_for: Duration::from_hours(1),
            cached_without_database: Duration::from_secs(120),
        }
    }
}

impl SessionSettings {
    /// For apps where more is at stake: 1 hour idle, 24 hours in all.
    #[must_use]
    pub fn strict() -> Self {
        Self { idle: Duration::from_hours(1), absolute: Duration::from_hours(24), ..Self::default() }
    }

    /// Sets after how long without a request a session ends.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets how long after the login a session ends.
    #[must_use]
    pub const fn with_absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// Sets how many sessions stay in memory.
    #[must_use]
    pub const fn with_cached(mut self, sessions: u64) -> Self {
        self.cached = sessions;
        self
    }

    /// Sets how long sessions in memory go on while the database is gone: until then an end on another node may go
    /// unheard. Zero to 600 seconds; more counts as 600. With zero none goes on once the database does not answer.
    #[must_use]
    pub const fn with_cached_without_database(mut self, time: Duration) -> Self {
        self.cached_without_database = time;
        self
    }

    /// How long sessions in memory are believed without news of the database.
    pub(crate) fn believed_for(&self) -> Duration {
        self.cached_without_database.min(LONGEST_WITHOUT_DATABASE)
    }

    /// How old the stored activity may become before it is written again.
    pub(crate) fn write_interval(&self) -> Duration {
        self.idle / 96
    }

    pub(crate) fn intervals(&self) -> Intervals {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Intervals { idle: millis(self.idle), write: millis(self.write_interval()) }
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
        let believed_for = |seconds| {
            SessionSettings::default()
                .with_cached_without_database(Duration::from_secs(seconds))
                .believed_for()
        };
        for (set, believed) in [(0, 0), (120, 120), (600, 600), (86_400, 600)] {
            assert_eq!(believed_for(set), Duration::from_secs(believed));
        }
    }
}
