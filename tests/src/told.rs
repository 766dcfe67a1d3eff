//! Hooks that remember what they were told.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use wecom_login::{
    CorpDecision, CorpInfo, CurrentUser, Error, ErrorKind, Hooks, Result, UnhandledEvent,
};

/// What the host app was asked and told, in order. Its clones share it.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    lines: Mutex<Vec<String>>,
    decision: Mutex<CorpDecision>,
    failures: AtomicU32,
}

impl Told {
    /// Answers this to every company that wants in from now on.
    pub fn decide(&self, decision: CorpDecision) {
        *self.0.decision.lock().expect("no test panics with it") = decision;
    }

    /// Fails the next so many times that a company wants in.
    pub fn fail(&self, times: u32) {
        self.0.failures.store(times, Ordering::SeqCst);
    }

    /// Everything so far, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lines.lock().expect("no test panics with it").clone()
    }

    /// How many lines so far are this one.
    #[must_use]
    pub fn times(&self, line: &str) -> usize {
        self.lines().iter().filter(|known| *known == line).count()
    }

    fn note(&self, line: String) {
        self.0
            .lines
            .lock()
            .expect("no test panics with it")
            .push(line);
    }
}

impl Hooks for Told {
    async fn review_authorization(&self, corp: &CorpInfo) -> Result<CorpDecision> {
        self.note(format!("wants in: {}", corp.corp_id));
        let decision = *self.0.decision.lock().expect("no test panics with it");
        let failures = &self.0.failures;
        let fails = failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if fails {
            Err(Error::new(
                ErrorKind::StoreUnavailable,
                "the host app is down",
            ))
        } else {
            Ok(decision)
        }
    }

    async fn corp_authorized(&self, corp: &CorpInfo) {
        self.note(format!("authorized: {}", corp.corp_id));
    }

    async fn corp_cancelled(&self, corp: &CorpInfo) {
        self.note(format!("cancelled: {}", corp.corp_id));
    }

    async fn logged_in(&self, user: &CurrentUser) {
        self.note(format!("logged in: {}", user.third_user_id()));
    }

    async fn unhandled_event(&self, event: UnhandledEvent) {
        self.note(format!(
            "other: {} {}",
            event.receive_id,
            event.event.unwrap_or_default()
        ));
    }
}
