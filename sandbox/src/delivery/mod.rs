//! What is pushed to the app: suite events, app events, and the check of the URL.

mod event;
mod push;
mod sealed;
mod target;
mod ticket;

use serde::{Deserialize, Serialize};

pub(crate) use event::Event;
pub(crate) use push::Client;
pub(crate) use sealed::Sealed;
pub(crate) use target::{Target, is_loopback, plain_authority};
pub(crate) use ticket::keep_pushing;

/// One push, with all its attempts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// Its number; later pushes have higher ones.
    pub id: u64,
    /// WeCom's InfoType or Event; `verify` is the check of the URL by GET.
    pub event: String,
    /// The suite whose keys sealed it.
    pub suite_id: String,
    /// The company that it is about, as it was shown then.
    pub corp_id: Option<String>,
    /// When it was first tried, in milliseconds by the sandbox's clock.
    pub at: i64,
    /// The HTTP status of the last attempt; none if there was no answer.
    pub status: Option<u16>,
    /// The body of the last answer.
    pub answer: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// From the first attempt to the end of the last.
    pub duration_ms: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The push that this one repeats, by the `duplicate` switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<u64>,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Under way.
    Sending,
    /// Answered with 200.
    Delivered,
    /// Not answered with 200, and given up.
    Failed,
    /// Lost on purpose, by the `drop` switch.
    Dropped,
    /// Kept back by the `reorder` switch, until the next push has been delivered.
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

    /// Answered with 200 and the body `success`, as WeCom asks for (D/97172).
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status == Some(200) && self.answer.as_deref() == Some("success")
    }
}
