use std::time::Duration;

use parking_lot::Mutex;

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::hooks::Hooks;

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<LoginRefusal>>>);

impl Hooks for Told {
    async fn login_refused(&self, refusal: &LoginRefusal) {
        self.0.lock().push(refusal.clone());
    }
}

/// Never returns.
struct Hangs;

impl Hooks for Hangs {
    async fn login_refused(&self, _: &LoginRefusal) {
        std::future::pending().await
    }
}

fn refusals(hooks: impl Hooks) -> (Refusals, ManualClock) {
    let clock = ManualClock::new(Timestamp::from_millis(1_000));
    let tasks = TaskRunner::new(tokio::runtime::Handle::current());
    let refusals = Refusals::new(Arc::new(hooks), tasks, Arc::new(clock.clone()), None);
    (refusals, clock)
}

fn wrong_code() -> Error {
    Error::new(ErrorKind::CodeInvalid, "auth/getuserinfo").with_errcode(40029)
}

#[tokio::test]
async fn hook_is_told_of_the_first_and_of_the_number_that_followed() {
    let told = Told::default();
    let (refusals, clock) = refusals(told.clone());
    let client: IpAddr = "192.0.2.1".parse().unwrap();
    let corp_id = CorpId::new("ww1").unwrap();
    for _ in 0..30 {
        let login = async { Err::<(), _>(wrong_code()) };
        let watched = refusals.watch(Some(client), Some(corp_id.clone()), login);
        watched.await.unwrap_err();
    }
    clock.advance(Duration::from_mins(1));
    refusals.tell_ended();
    while told.0.lock().len() < 2 {
        tokio::task::yield_now().await;
    }
    let first = LoginRefusal {
        request: RefusedRequest::Login,
        kind: ErrorKind::CodeInvalid,
        errcode: Some(40029),
        client: Some(client),
        corp_id: Some(corp_id),
        count: 1,
    };
    let others = LoginRefusal {
        errcode: None,
        corp_id: None,
        count: 29,
        ..first
    };
    assert_eq!(*told.0.lock(), [first, others]);
}

#[tokio::test]
async fn failures_that_are_no_refusals_are_not_told() {
    let told = Told::default();
    let (refusals, _) = refusals(told.clone());
    for kind in [
        ErrorKind::ApiParams,
        ErrorKind::StoreUnavailable,
        ErrorKind::UpstreamTimeout,
    ] {
        refusals.record(RefusedRequest::Login, &Error::new(kind, ""), None, None);
    }
    assert!(refusals.inner.limiter.take_ended().is_empty());
    tokio::task::yield_now().await;
    assert!(told.0.lock().is_empty());
}

#[tokio::test]
async fn hook_that_hangs_is_called_a_bounded_number_of_times() {
    let (refusals, _) = refusals(Hangs);
    for number in 0..1_000_u32 {
        let client = IpAddr::V4(number.into());
        refusals.record(RefusedRequest::Login, &wrong_code(), Some(client), None);
    }
    assert_eq!(refusals.inner.calls.available_permits(), 0);
    assert_eq!(refusals.inner.tasks.tasks().len(), MAX_HOOK_CALLS);
    refusals.inner.tasks.begin_shutdown();
}
