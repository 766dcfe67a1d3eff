//! [`RecordingHooks`]: hooks that record their calls.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use wecom_login::{
    CorpDecision, CorpInfo, CurrentUser, Error, ErrorKind, Hooks, LoginRefusal, Principal, Result,
    UnhandledEvent,
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
    login_refusals: Mutex<Vec<LoginRefusal>>,
    decision: Mutex<CorpDecision>,
    failures: AtomicU32,
    refusals: AtomicU32,
    refused: AtomicU32,
    hangs: watch::Sender<bool>,
    hanging: AtomicU32,
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

    /// Fails the next calls of what tells the host app something, this many times.
    pub fn refuse_next(&self, times: u32) {
        self.inner.refusals.store(times, Ordering::SeqCst);
    }

    /// How many of those calls failed so far.
    #[must_use]
    pub fn refused(&self) -> u32 {
        self.inner.refused.load(Ordering::SeqCst)
    }

    fn take(&self) -> Result<()> {
        fail_while(&self.inner.refusals).inspect_err(|_| {
            self.inner.refused.fetch_add(1, Ordering::SeqCst);
        })
    }

    /// Lets every hook hang from now on.
    pub fn hang(&self) {
        self.inner.hangs.send_replace(true);
    }

    /// Lets the hooks return, those that hang too.
    pub fn resume(&self) {
        self.inner.hangs.send_replace(false);
    }

    /// How many hooks began to hang so far.
    #[must_use]
    pub fn hanging(&self) -> u32 {
        self.inner.hanging.load(Ordering::SeqCst)
    }

    async fn answer(&self) {
        let mut hangs = self.inner.hangs.subscribe();
        if *hangs.borrow() {
            self.inner.hanging.fetch_add(1, Ordering::SeqCst);
        }
        hangs
            .wait_for(|hangs| !hangs)
            .await
            .expect("the sender lives as long as the hooks");
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

    /// The refused logins that were reported, so far.
    #[must_use]
    pub fn login_refusals(&self) -> Vec<LoginRefusal> {
        let refusals = self.inner.login_refusals.lock();
        refusals
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

/// Fails, and counts down, until the number is zero.
fn fail_while(left: &AtomicU32) -> Result<()> {
    let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        left.checked_sub(1)
    });
    if fails.is_err() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StoreUnavailable,
        "the host app is down",
    ))
}

impl Hooks for RecordingHooks {
    async fn review_authorization(&self, corp: &CorpInfo) -> Result<CorpDecision> {
        self.record(format!("wants in: {}", corp.corp_id));
        self.answer().await;
        let decision = *self
            .inner
            .decision
            .lock()
            .expect("no test panics while it holds the lock");
        fail_while(&self.inner.failures)?;
        Ok(decision)
    }

    async fn corp_authorized(&self, corp: &CorpInfo) -> Result<()> {
        self.answer().await;
        self.take()?;
        self.record(format!("authorized: {}", corp.corp_id));
        self.inner
            .authorized
            .lock()
            .expect("no test panics while it holds the lock")
            .push(corp.clone());
        Ok(())
    }

    async fn corp_cancelled(&self, corp: &CorpInfo) -> Result<()> {
        self.answer().await;
        self.take()?;
        self.record(format!("cancelled: {}", corp.corp_id));
        Ok(())
    }

    async fn member_left(&self, member: &Principal) -> Result<()> {
        self.answer().await;
        self.take()?;
        self.record(format!("left: {}", member.third_user_id));
        Ok(())
    }

    async fn logged_in(&self, user: &CurrentUser) {
        self.answer().await;
        self.record(format!("logged in: {}", user.third_user_id()));
    }

    async fn login_refused(&self, refusal: &LoginRefusal) {
        self.answer().await;
        self.inner
            .login_refusals
            .lock()
            .expect("no test panics while it holds the lock")
            .push(refusal.clone());
    }

    fn handles_unhandled_events(&self) -> bool {
        true
    }

    async fn unhandled_event(&self, event: UnhandledEvent) -> Result<()> {
        self.answer().await;
        self.take()?;
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
        Ok(())
    }
}
