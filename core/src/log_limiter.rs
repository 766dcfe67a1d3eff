//! Log lines that repeat: one a minute for each subject, with the number of times.
//!
//! What happens once is logged at once. What happens again within the minute is counted, and told by the next line: when
//! it happens again after the minute, or by [`LogLimiter::take_ended`], which a background task calls, if it does not.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Timestamp};

const WINDOW: Duration = Duration::from_mins(1);

/// Beyond this number of subjects within a minute, further ones are not logged.
const MAX_KEYS: usize = 10_000;

/// Decides which of many equal events get a log line. A key is what the line is about: the kind of event and its
/// subject.
///
/// Clones share their counts.
#[derive(Clone)]
pub(crate) struct LogLimiter<K> {
    windows: Arc<Mutex<HashMap<K, Window>>>,
    clock: Arc<dyn Clock>,
}

impl<K: Hash + Eq + Clone> LogLimiter<K> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            windows: Arc::default(),
            clock,
        }
    }

    /// Counts an event. Returns how many there were since the last line, this one included, if a line is due.
    pub(crate) fn record(&self, key: K) -> Option<u64> {
        let now = self.clock.now();
        let mut windows = self.windows.lock();
        if let Some(window) = windows.get_mut(&key) {
            window.unlogged += 1;
            if !window.has_ended(now) {
                return None;
            }
            let count = window.unlogged;
            *window = Window::beginning(now);
            return Some(count);
        }
        if windows.len() >= MAX_KEYS {
            windows.retain(|_, window| window.unlogged > 0 || !window.has_ended(now));
            if windows.len() >= MAX_KEYS {
                return None;
            }
        }
        windows.insert(key, Window::beginning(now));
        Some(1)
    }

    /// The keys whose minute has ended with events that no line told of, and how many. They count as told.
    pub(crate) fn take_ended(&self) -> Vec<(K, u64)> {
        let now = self.clock.now();
        let mut ended = Vec::new();
        self.windows.lock().retain(|key, window| {
            if !window.has_ended(now) {
                return true;
            }
            if window.unlogged == 0 {
                return false;
            }
            ended.push((key.clone(), window.unlogged));
            *window = Window::beginning(now);
            true
        });
        ended
    }
}

impl<K> fmt::Debug for LogLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogLimiter")
    }
}

/// The minute after a line.
struct Window {
    logged_at: Timestamp,
    unlogged: u64,
}

impl Window {
    const fn beginning(logged_at: Timestamp) -> Self {
        Self {
            logged_at,
            unlogged: 0,
        }
    }

    fn has_ended(&self, now: Timestamp) -> bool {
        // A clock that was set back does not silence the log.
        now < self.logged_at || now.since(self.logged_at) >= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn limiter() -> (LogLimiter<&'static str>, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        (LogLimiter::new(Arc::new(clock.clone())), clock)
    }

    #[test]
    fn record_lets_one_line_a_minute_pass_with_the_count() {
        let (limiter, clock) = limiter();
        assert_eq!(limiter.record("a"), Some(1));
        for _ in 0..29 {
            assert_eq!(limiter.record("a"), None);
        }
        assert_eq!(limiter.record("b"), Some(1), "another key is another line");
        clock.advance(WINDOW);
        assert_eq!(limiter.record("a"), Some(30));
        assert_eq!(limiter.record("a"), None);
    }

    #[test]
    fn take_ended_tells_what_was_counted_after_the_last_line_once() {
        let (limiter, clock) = limiter();
        for _ in 0..30 {
            limiter.record("a");
        }
        limiter.record("b");
        assert_eq!(limiter.take_ended(), []);
        clock.advance(WINDOW);
        assert_eq!(limiter.take_ended(), [("a", 29)]);
        assert_eq!(limiter.record("a"), None, "the minute begins anew");
        clock.advance(2 * WINDOW);
        assert_eq!(limiter.take_ended(), [("a", 1)]);
        clock.advance(WINDOW);
        assert_eq!(limiter.take_ended(), []);
        assert!(limiter.windows.lock().is_empty(), "nothing is left behind");
    }
}
