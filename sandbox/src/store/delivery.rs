//! Recorded deliveries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One push, with all its attempts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// Its id; later pushes have higher ones.
    pub id: u64,
    /// WeCom's InfoType or Event; `verify` is the URL verification by GET.
    pub event: String,
    /// The suite whose callback keys signed it.
    pub suite_id: String,
    /// The corp of the event, in the form that was answered at that time.
    pub corp_id: Option<String>,
    /// The time of the first attempt, in milliseconds by the sandbox's clock.
    pub at: i64,
    /// The HTTP status of the last attempt; `None` if there was no response.
    pub status: Option<u16>,
    /// The body of the last response.
    pub answer: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// From the first attempt to the end of the last.
    pub duration_ms: u64,
    /// The result.
    pub outcome: Outcome,
    /// Why there was no response, or why it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The push that this one repeats, by the `duplicate` setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<u64>,
}

/// The result of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// In progress.
    Sending,
    /// The last attempt was answered as WeCom requires.
    Delivered,
    /// The last attempt was not answered, or not as WeCom requires.
    Failed,
    /// Discarded by the `drop` setting.
    Dropped,
    /// Delayed by the `reorder` setting until the next push has been delivered.
    Held,
}

impl Delivery {
    pub(crate) fn new(event: &str, suite_id: &str, corp_id: Option<String>, at: i64) -> Self {
        Self {
            id: 0,
            event: event.to_owned(),
            suite_id: suite_id.to_owned(),
            corp_id,
            at,
            status: None,
            answer: None,
            attempts: 0,
            duration_ms: 0,
            outcome: Outcome::Sending,
            error: None,
            duplicate_of: None,
        }
    }

    /// Delivered, and answered with the body `success`.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Delivered && self.answer.as_deref() == Some("success")
    }

    /// Counts an attempt that ended `elapsed` after the first one began.
    pub(crate) fn record_attempt(&mut self, result: AttemptResult, elapsed: Duration) {
        self.attempts += 1;
        self.duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        (self.status, self.answer, self.error) = match result {
            Ok((status, body)) => (Some(status), Some(body), None),
            Err(error) => (None, None, Some(error)),
        };
    }
}

/// The result of one attempt: status and body, or why there was no response.
pub(crate) type AttemptResult = Result<(u16, String), String>;
