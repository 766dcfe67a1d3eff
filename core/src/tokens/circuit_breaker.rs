//! The circuit breaker over `gettoken`. WeCom blocks an address for an hour after many wrong secrets (40001, D/96213): a
//! few broken corps must not lock all others out.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Timestamp;

const WRONG_SECRET_WINDOW: Duration = Duration::from_mins(10);
/// At most 9 wrong secrets per 10 min; never-accepted secrets may use 6 of them.
const MAX_WRONG_SECRETS: usize = 9;
const MAX_WRONG_UNPROVEN_SECRETS: usize = 6;

/// Counts the wrong secrets of all corps, and the calls in flight that may turn out to be one.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    counts: Mutex<Counts>,
    released: Notify,
}

/// The right to try one secret; released on drop.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a CircuitBreaker,
}

impl CircuitBreaker {
    /// Waits until a secret may be tried without exceeding the limit even if it is wrong. `known_good` means that WeCom
    /// accepted this secret before.
    ///
    /// # Errors
    /// The limit is reached; the duration is the time until the oldest wrong secret leaves the window.
    pub(super) async fn acquire(
        &self,
        now: impl Fn() -> Timestamp,
        known_good: bool,
    ) -> Result<Permit<'_>, Duration> {
        let limit = if known_good {
            MAX_WRONG_SECRETS
        } else {
            MAX_WRONG_UNPROVEN_SECRETS
        };
        loop {
            let released = self.released.notified();
            if self.try_acquire(now(), limit)? {
                return Ok(Permit { breaker: self });
            }
            released.await;
        }
    }

    /// Records that WeCom rejected a secret.
    pub(super) fn record_wrong_secret(&self, now: Timestamp) {
        self.counts.lock().wrong_secrets.push_back(now);
    }

    /// `false` if the calls in flight have to be awaited first.
    fn try_acquire(&self, now: Timestamp, limit: usize) -> Result<bool, Duration> {
        let Counts {
            wrong_secrets,
            in_flight,
        } = &mut *self.counts.lock();
        while wrong_secrets
            .front()
            .is_some_and(|oldest| now.since(*oldest) >= WRONG_SECRET_WINDOW)
        {
            wrong_secrets.pop_front();
        }
        if wrong_secrets.len() >= limit {
            return Err(wrong_secrets.front().map_or(WRONG_SECRET_WINDOW, |oldest| {
                (*oldest + WRONG_SECRET_WINDOW).since(now)
            }));
        }
        let free = wrong_secrets.len() + *in_flight < limit;
        if free {
            *in_flight += 1;
        }
        Ok(free)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.counts.lock().in_flight -= 1;
        self.breaker.released.notify_waiters();
    }
}

#[derive(Debug, Default)]
struct Counts {
    wrong_secrets: VecDeque<Timestamp>,
    in_flight: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[tokio::test]
    async fn acquire_allows_at_most_nine_wrong_secrets_in_ten_minutes() {
        let (breaker, clock) = (
            CircuitBreaker::default(),
            ManualClock::new(Timestamp::from_millis(0)),
        );
        for _ in 0..MAX_WRONG_UNPROVEN_SECRETS {
            drop(breaker.acquire(|| clock.now(), false).await.unwrap());
            breaker.record_wrong_secret(clock.now());
            clock.advance(Duration::from_mins(1));
        }
        assert_eq!(
            breaker.acquire(|| clock.now(), false).await.unwrap_err(),
            Duration::from_mins(4)
        );
        for _ in MAX_WRONG_UNPROVEN_SECRETS..MAX_WRONG_SECRETS {
            drop(breaker.acquire(|| clock.now(), true).await.unwrap());
            breaker.record_wrong_secret(clock.now());
        }
        assert!(breaker.acquire(|| clock.now(), true).await.is_err());
        clock.advance(Duration::from_mins(4));
        assert!(
            breaker.acquire(|| clock.now(), true).await.is_ok(),
            "the first left the window"
        );
    }

    #[tokio::test]
    async fn acquire_waits_for_calls_in_flight() {
        let (breaker, clock) = (CircuitBreaker::default(), ManualClock::starting_now());
        let mut permits = Vec::new();
        for _ in 0..MAX_WRONG_UNPROVEN_SECRETS {
            permits.push(breaker.acquire(|| clock.now(), false).await.unwrap());
        }
        let mut waiting = Box::pin(breaker.acquire(|| clock.now(), false));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        permits.pop();
        assert!(waiting.await.is_ok());
    }
}
