//! WeCom bars an address for an hour after many wrong secrets (40001, D/96213): a few broken companies must not
//! lock all others out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// In this span of time …
const SPAN: Duration = Duration::from_mins(10);
/// … WeCom hears fewer than ten wrong secrets of us.
const WRONG_SECRETS: usize = 9;

/// Counts the wrong secrets of all companies.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<VecDeque<Timestamp>>);

impl Breaker {
    /// How long a secret that is not proven has to wait; `None` if it may be tried.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while wrong.front().is_some_and(|first| now.since(*first) >= SPAN) {
            wrong.pop_front();
        }
        let first = *wrong.front().filter(|_| wrong.len() >= WRONG_SECRETS)?;
        Some((first + SPAN).since(now))
    }

    /// WeCom called a secret wrong.
    pub(super) fn wrong_secret(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_wrong_secrets_in_ten_minutes_are_the_limit() {
        let breaker = Breaker::default();
        let start = Timestamp::from_millis(0);
        for minute in 0..9 {
            let now = start + Duration::from_mins(minute);
            assert_eq!(breaker.wait(now), None, "minute {minute}");
            breaker.wrong_secret(now);
        }
        assert_eq!(breaker.wait(start + Duration::from_mins(9)), Some(Duration::from_mins(1)));
        assert_eq!(breaker.wait(start + Duration::from_mins(10)), None);
    }
}
