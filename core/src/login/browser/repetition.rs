//! What a login led to that another request began.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{LoginLink, TokenHash};
use crate::error::Result;
use crate::session::{FormerIssue, IssuedSession, Sessions, TokenSeed};

/// How long the same login leads to the same session.
const REPEAT_WINDOW: Duration = Duration::from_mins(1);
/// How long the outcome of another request's login is waited for: longer than a login takes.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The use of a state or of a login code by a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormerUse {
    /// Of the session that it leads to; none if it leads to no session.
    pub(crate) token_hash: Option<Vec<u8>>,
    pub(crate) used_at: Timestamp,
    /// The page of the host app that the login stopped at.
    pub(crate) link: Option<LoginLink>,
}

/// What a former use led to.
pub(super) enum FormerOutcome {
    Session(IssuedSession),
    /// To a page of the host app.
    Link(LoginLink),
    /// To nothing that a repeat may have.
    Over,
    /// To no session yet, or not to a session.
    Unknown,
}

impl FormerUse {
    /// What the use led to, for a login whose session would be of this seed.
    pub(super) async fn outcome(
        &self,
        store: &Store,
        sessions: &Sessions,
        seed: &TokenSeed,
    ) -> Result<FormerOutcome> {
        let token_hash = self.token_hash.as_deref();
        // Another code, or another corp, gives another token.
        let token = token_hash.and_then(|token_hash| sessions.token_of(seed, token_hash));
        let Some(token) = token.filter(|_| store.now().since(self.used_at) < REPEAT_WINDOW) else {
            return Ok(FormerOutcome::Over);
        };
        if let Some(link) = &self.link {
            return Ok(FormerOutcome::Link(link.clone()));
        }
        Ok(match sessions.find_issued(token).await? {
            FormerIssue::Live(issued) => FormerOutcome::Session(issued),
            FormerIssue::Ended => FormerOutcome::Over,
            FormerIssue::Absent => FormerOutcome::Unknown,
        })
    }

    /// Whether the request that used it may still be under way.
    pub(super) fn may_be_under_way(&self, now: Timestamp) -> bool {
        now.since(self.used_at) < OUTCOME_TIMEOUT
    }
}

/// A seed, and the hash of the token that it gives on this node.
pub(super) struct Claim {
    pub(super) seed: TokenSeed,
    pub(super) token_hash: TokenHash,
}

impl Claim {
    pub(super) fn new(sessions: &Sessions, seed: TokenSeed) -> Self {
        Self {
            token_hash: sessions.token_hash(&seed),
            seed,
        }
    }
}

/// The pauses between two looks at another request's login.
pub(super) struct OutcomeWait {
    until: Instant,
    pause: Duration,
}

impl OutcomeWait {
    pub(super) fn begin() -> Self {
        Self {
            until: Instant::now() + OUTCOME_TIMEOUT,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits for a moment; false if that was long enough.
    pub(super) async fn pause(&mut self) -> bool {
        sleep(self.pause).await;
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        Instant::now() < self.until
    }
}
