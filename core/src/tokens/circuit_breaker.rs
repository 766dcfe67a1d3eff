//! WeCom bars an address for an hour after many wrong secrets (40001, D/96213): a few broken companies must not
//! lock all others out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Timestamp;

/// In this span of time …
const SPAN: Duration = Duration::from_mins(10);
/// … WeCom hears fewer than ten wrong secrets of us …
const WRONG_SECRETS: usize = 9;
/// … of which secrets that WeCom has not taken before leave some to those that it has.
const WRONG_UNPROVEN: usize = 6;

/// Counts the wrong secrets of all companies, and the questions that may turn out to be one.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    counts: Mutex<Counts>,
    answered: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    wrong: VecDeque<Timestamp>,
    asking: usize,
}

/// A question that is under way; dropped when it is answered.
#[derive(Debug)]
pub(super) struct Asking<'a>(&'a Breaker);

impl Breaker {
    /// Waits until a secret may be tried without passing the limit, should it be wrong.
    ///
    /// # Errors
    /// How long it has to wait because the limit is reached.
    pub(super) async fn enter(
        &self,
        now: impl Fn() -> Timestamp,
        proven: bool,
    ) -> Result<Asking<'_>, Duration> {
        let limit = if proven {
            WRONG_SECRETS
        } else {
            WRONG_UNPROVEN
        };
        loop {
            let answered = self.answered.notified();
            {
                let now = now();
                let mut counts = self.counts();
                while counts
                    .wrong
                    .front()
                    .is_some_and(|first| now.since(*first) >= SPAN)
                {
                    counts.wrong.pop_front();
                }
                if counts.wrong.len() >= limit {
                    return Err(counts
                        .wrong
                        .front()
                        .map_or(SPAN, |first| (*first + SPAN).since(now)));
                }
                if counts.wrong.len() + counts.asking < limit {
                    counts.asking += 1;
                    return Ok(Asking(self));
                }
            }
            answered.await;
        }
    }

    /// WeCom called a secret wrong.
    pub(super) fn wrong_secret(&self, now: Timestamp) {
        self.counts().wrong.push_back(now);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.counts().asking -= 1;
        self.0.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[tokio::test]
    async fn wrong_secrets_stay_below_ten_in_ten_minutes() {
        let (breaker, clock) = (
            Breaker::default(),
            ManualClock::new(Timestamp::from_millis(0)),
        );
        for _ in 0..WRONG_UNPROVEN {
            drop(breaker.enter(|| clock.now(), false).await.unwrap());
            breaker.wrong_secret(clock.now());
            clock.advance(Duration::from_mins(1));
        }
        assert_eq!(
            breaker.enter(|| clock.now(), false).await.unwrap_err(),
            Duration::from_mins(4)
        );
        for _ in WRONG_UNPROVEN..WRONG_SECRETS {
            drop(breaker.enter(|| clock.now(), true).await.unwrap());
            breaker.wrong_secret(clock.now());
        }
        assert!(breaker.enter(|| clock.now(), true).await.is_err());
        clock.advance(Duration::from_mins(4));
        assert!(
            breaker.enter(|| clock.now(), true).await.is_ok(),
            "the first is ten minutes old"
        );
    }

    #[tokio::test]
    async fn questions_under_way_count_until_they_are_answered() {
        let (breaker, clock) = (Breaker::default(), ManualClock::starting_now());
        let mut asking = Vec::new();
        for _ in 0..WRONG_UNPROVEN {
            asking.push(breaker.enter(|| clock.now(), false).await.unwrap());
        }
        let mut waiting = Box::pin(breaker.enter(|| clock.now(), false));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        asking.pop();
        assert!(waiting.await.is_ok());
    }
}
