//! [`RecordingHooks`]: hooks that record their calls.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use wecom_login::{
    CorpDecision, CorpInfo, CurrentUser, Error, ErrorKind, Hooks, Result, UnhandledEvent,
};

/// Records every call of a hook, in order. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct RecordingHooks {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Mutex<Vec<String>>,
    unhandled: Mutex<Vec<UnhandledEvent>>,
    authorized: Mutex<Vec<CorpInfo>>,
    decision: Mutex<CorpDecision>,
    failures: AtomicU32,
}

impl RecordingHooks {
    /// The decision on every authorization from now on.
    pub fn decide(&self, decision: CorpDecision) {
        *self
            .inner
            .decision
            .lock()
            .expect("no test panics while it holds the lock") = decision;
    }

    /// Fails the next reviews of an authorization, this many times.
    pub fn fail_next(&self, times: u32) {
        self.inner.failures.store(times, Ordering::SeqCst);
    }

    /// Every call so far, a line each.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner
            .calls
            .lock()
            .expect("no test panics while it holds the lock")
            .clone()
    }

    /// How many of the calls are this one.
    #[must_use]
    pub fn count(&self, line: &str) -> usize {
        self.calls().iter().filter(|known| *known == line).count()
    }

    /// The events that the login does not handle, so far.
    #[must_use]
    pub fn unhandled(&self) -> Vec<UnhandledEvent> {
        let unhandled = self.inner.unhandled.lock();
        unhandled
            .expect("no test panics while it holds the lock")
            .clone()
    }

    /// The corps that were reported as authorized, so far.
    #[must_use]
    pub fn authorized(&self) -> Vec<CorpInfo> {
        let authorized = self.inner.authorized.lock();
        authorized
            .expect("no test panics while it holds the lock")
            .clone()
    }

    fn record(&self, call: String) {
        let mut calls = self
            .inner
            .calls
            .lock()
            .expect("no test panics while it holds the lock");
        calls.push(call);
    }
}

impl Hooks for RecordingHooks {
    async fn review_authorization(&self, corp: &CorpInfo) -> Result<CorpDecision> {
        self.record(format!("wants in: {}", corp.corp_id));
        let decision = *self
            .inner
            .decision
            .lock()
            .expect("no test panics while it holds the lock");
        let failures = &self.inner.failures;
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
        self.record(format!("authorized: {}", corp.corp_id));
        self.inner
            .authorized
            .lock()
            .expect("no test panics while it holds the lock")
            .push(corp.clone());
    }

    async fn corp_cancelled(&self, corp: &CorpInfo) {
        self.record(format!("cancelled: {}", corp.corp_id));
    }

    async fn logged_in(&self, user: &CurrentUser) {
        self.record(format!("logged in: {}", user.third_user_id()));
    }

    async fn unhandled_event(&self, event: UnhandledEvent) {
        self.record(format!(
            "other: {} {}",
            event.receive_id,
            event.event.as_deref().unwrap_or_default()
        ));
        self.inner
            .unhandled
            .lock()
            .expect("no test panics while it holds the lock")
            .push(event);
    }
}
