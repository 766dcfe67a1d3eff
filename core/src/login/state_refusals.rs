//! The states of browser logins whose codes WeCom refused: a state dies with its fifth refused code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::login::code_calls::{AttemptState, AuthAttempt};

/// The refused codes that a state dies with.
const MAX_REFUSED_CODES_PER_STATE: u32 = 5;
/// How long a state is remembered after its last code: longer than a login may take.
const STATE_TTI: Duration = Duration::from_mins(15);
/// As many as the limits of failed codes let through in ten minutes.
const MAX_STATES: u64 = 100_000;

/// Counts refused codes by state, and lets one code of a state be tried at a time.
pub(super) struct StateRefusals {
    states: moka::sync::Cache<String, Arc<StateEntry>>,
}

#[derive(Default)]
struct StateEntry {
    turn: Arc<Mutex<()>>,
    refused: AtomicU32,
}

impl StateRefusals {
    pub(super) fn new() -> Self {
        Self {
            states: moka::sync::Cache::builder()
                .max_capacity(MAX_STATES)
                .time_to_idle(STATE_TTI)
                .build(),
        }
    }

    /// # Errors
    /// `CODE_INVALID`: the attempt comes with a state of ours that is dead.
    pub(super) fn require_alive(&self, attempt: &AuthAttempt) -> Result<()> {
        let AttemptState::Ours(state) = &attempt.state else {
            return Ok(());
        };
        match self.states.get(state) {
            Some(entry) if entry.is_dead() => Err(dead()),
            _ => Ok(()),
        }
    }

    /// Waits until no other code of the attempt's state is being tried.
    ///
    /// # Errors
    /// `CODE_INVALID`: the state died meanwhile.
    pub(super) async fn take_turn(
        &self,
        attempt: &AuthAttempt,
    ) -> Result<Option<OwnedMutexGuard<()>>> {
        let AttemptState::Ours(state) = &attempt.state else {
            return Ok(None);
        };
        let entry = self.states.get_with_by_ref(state, Arc::default);
        let turn = Arc::clone(&entry.turn).lock_owned().await;
        if entry.is_dead() {
            return Err(dead());
        }
        Ok(Some(turn))
    }

    /// Counts a code that WeCom refused.
    pub(super) fn record(&self, attempt: &AuthAttempt) {
        if let AttemptState::Ours(state) = &attempt.state {
            let entry = self.states.get_with_by_ref(state, Arc::default);
            entry.refused.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl StateEntry {
    fn is_dead(&self) -> bool {
        self.refused.load(Ordering::SeqCst) >= MAX_REFUSED_CODES_PER_STATE
    }
}

fn dead() -> Error {
    Error::new(
        ErrorKind::CodeInvalid,
        "WeCom refused too many codes with this state",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CorpId, OAuthCode, SuiteId};

    fn attempt(state: AttemptState) -> AuthAttempt {
        AuthAttempt {
            suite_id: SuiteId::new("dk1").unwrap(),
            corp_id: CorpId::new("ww1").unwrap(),
            code: OAuthCode::new("code").into(),
            client: None,
            state,
            is_code_accepted: Default::default(),
        }
    }

    #[tokio::test]
    async fn state_dies_with_its_fifth_refused_code() {
        let states = StateRefusals::new();
        let one = attempt(AttemptState::Ours("one".to_owned()));
        for _ in 0..4 {
            let turn = states.take_turn(&one).await.unwrap();
            states.record(&one);
            drop(turn);
            states.require_alive(&one).unwrap();
        }
        let turn = states.take_turn(&one).await.unwrap();
        let next = states.take_turn(&one);
        states.record(&one);
        drop(turn);
        let error = next.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CodeInvalid);
        assert!(states.require_alive(&one).is_err());
        let other = attempt(AttemptState::Ours("other".to_owned()));
        states.require_alive(&other).unwrap();
    }

    #[tokio::test]
    async fn states_of_the_host_app_are_not_counted() {
        let states = StateRefusals::new();
        for state in [AttemptState::None, AttemptState::OfHostApp] {
            let attempt = attempt(state);
            for _ in 0..10 {
                states.record(&attempt);
            }
            assert!(states.take_turn(&attempt).await.unwrap().is_none());
            states.require_alive(&attempt).unwrap();
        }
    }
}
