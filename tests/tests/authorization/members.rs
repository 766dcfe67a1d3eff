//! Departures of members while the host app cannot unbind them: sessions are revoked at once and only once, and later
//! logins stay valid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wecom_login::{
    AuthenticatedMember, Binding, Builder, DefaultUserBinder, Error, ErrorKind, ManualClock,
    Principal, Result, UserBinder,
};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::push::{SignedPush, app_event, suite_event};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

/// A binder that fails while the host app is unavailable.
struct UnavailableBinder {
    inner: DefaultUserBinder,
    unavailable: Arc<AtomicBool>,
}

impl UnavailableBinder {
    fn check(&self) -> Result<()> {
        match self.unavailable.load(Ordering::SeqCst) {
            true => Err(Error::new(
                ErrorKind::StoreUnavailable,
                "the host app is unavailable",
            )),
            false => Ok(()),
        }
    }
}

impl UserBinder for UnavailableBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        self.inner.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.inner.find(principal).await
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.check()?;
        self.inner.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.check()?;
        self.inner.rebind(from, to).await
    }
}

async fn started() -> (TestApp, Arc<AtomicBool>, String, String) {
    started_with(|builder| builder).await
}

async fn started_with(
    change: impl FnOnce(Builder) -> Builder + Send,
) -> (TestApp, Arc<AtomicBool>, String, String) {
    let unavailable = Arc::new(AtomicBool::new(false));
    let of_binder = Arc::clone(&unavailable);
    let node = TestApp::builder()
        .configure(|builder| {
            change(builder.wrap_binder(move |inner| UnavailableBinder {
                inner,
                unavailable: of_binder,
            }))
        })
        .start()
        .await;
    let corp = node.install(0).await;
    let person = node.user(0, 0);
    (node, unavailable, corp, person)
}

fn leaves(node: &TestApp, corp: &str, person: &str) -> SignedPush {
    let fields = [("ChangeType", "delete_user"), ("UserID", person)];
    node.push_builder.post(
        corp,
        &app_event(corp, "change_contact", 1_700_000_000, &fields),
    )
}

fn is_renamed(node: &TestApp, corp: &str, from: &str, to: &str) -> SignedPush {
    let fields = [
        ("ChangeType", "update_user"),
        ("UserID", from),
        ("NewUserID", to),
    ];
    node.push_builder.post(
        corp,
        &app_event(corp, "change_contact", 1_700_000_001, &fields),
    )
}

async fn user_id(node: &TestApp, corp: &str, person: &str) -> Option<String> {
    let answer = node.log_in_to_suite(SUITE, corp, person).await.json();
    answer["userId"].as_str().map(str::to_owned)
}

/// Runs the waiting records now, as `retryCallBack` does.
async fn try_again(node: &TestApp) {
    for record in node.records().await {
        let _ = node.login.service().retry_callback(record.record_id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn member_who_leaves_during_an_unconfirmed_cancellation_has_left() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let person = node.user(0, 0);
    let before = user_id(&node, &corp, &person).await.unwrap();
    node.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").http_status(502))
        .unwrap();
    // The authorization has the time of the machine, and its cancellation has to be later.
    clock.advance(Duration::from_mins(2));
    // Forged with leaked keys: WeCom would contradict it, and cannot be asked yet.
    let cancels = suite_event(
        SUITE,
        "cancel_auth",
        1_900_000_000,
        &[("AuthCorpId", &corp)],
    );
    node.notify_until_accepted(&node.push_builder.post(SUITE, &cancels))
        .await;
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    node.notify_until_done(&leaves(&node, &corp, &person), "change_contact")
        .await;
    node.sandbox.clear_faults();
    until("the cancellation is reverted", async || {
        clock.advance(Duration::from_secs(30));
        node.authorization_status(SUITE, &corp).await == "active"
    })
    .await;
    let after = user_id(&node, &corp, &person).await.unwrap();
    assert_ne!(after, before, "the same userid is a new member");
}

#[tokio::test(flavor = "multi_thread")]
async fn member_who_rejoins_before_unbind_is_a_new_user() {
    let (node, unavailable, corp, person) = started().await;
    let before = user_id(&node, &corp, &person).await.unwrap();
    let session = node.issue_session(SUITE, &corp, &person).await;
    assert!(node.is_valid(&session).await);
    unavailable.store(true, Ordering::SeqCst);
    node.notify_until_accepted(&leaves(&node, &corp, &person))
        .await;
    until("the session is revoked", async || {
        !node.is_valid(&session).await
    })
    .await;
    let epoch = "SELECT MAX(epoch) FROM wecom_person";
    until("the unbinding was tried", async || {
        node.records()
            .await
            .iter()
            .any(|record| record.event == "change_contact" && record.last_error.is_some())
    })
    .await;
    assert_eq!(
        user_id(&node, &corp, &person).await,
        None,
        "no login finds the former user"
    );
    for _ in 0..3 {
        try_again(&node).await;
    }
    assert_eq!(
        node.number(epoch).await,
        1,
        "the sessions were revoked once"
    );

    unavailable.store(false, Ordering::SeqCst);
    let now = user_id(&node, &corp, &person).await.unwrap();
    assert_ne!(now, before, "the same userid is a new member");
    let session = node.issue_session(SUITE, &corp, &person).await;
    until("the record is done", async || {
        try_again(&node).await;
        node.record_statuses("change_contact").await == ["succeeded"]
    })
    .await;
    assert!(
        node.is_valid(&session).await,
        "the departure came before the member rejoined"
    );
    assert_eq!(user_id(&node, &corp, &person).await.unwrap(), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_member_run_in_order() {
    let (node, unavailable, corp, person) = started().await;
    let (renamed, another) = ("the-new-userid", node.user(0, 1));
    let before = user_id(&node, &corp, &person).await.unwrap();
    user_id(&node, &corp, &another).await.unwrap();
    unavailable.store(true, Ordering::SeqCst);
    node.notify_until_accepted(&leaves(&node, &corp, &person))
        .await;
    until("the departure is tried", async || {
        node.records().await[0].last_error.is_some()
    })
    .await;
    unavailable.store(false, Ordering::SeqCst);
    // The userid now belongs to another member, who can be renamed in turn.
    node.notify_until_accepted(&is_renamed(&node, &corp, &person, renamed))
        .await;
    node.notify_until_accepted(&leaves(&node, &corp, &another))
        .await;
    until("every record is done", async || {
        node.record_statuses("change_contact")
            .await
            .iter()
            .all(|status| status == "succeeded")
    })
    .await;
    let bound = format!("SELECT COUNT(*) FROM wecom_user WHERE local_id = '{before}'");
    assert_eq!(
        node.number(&bound).await,
        0,
        "no member is bound to the former user"
    );
    let who = principal(SUITE, &corp, renamed);
    let new = node
        .login
        .sessions()
        .issue(&who, wecom_login::Platform::App)
        .await
        .unwrap();
    assert_ne!(new.user.user_id(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_older_than_an_outage_is_retried() {
    let clock = ManualClock::starting_now();
    let (node, unavailable, corp, person) =
        started_with(|builder| builder.clock(clock.clone())).await;
    unavailable.store(true, Ordering::SeqCst);
    node.notify_until_accepted(&leaves(&node, &corp, &person))
        .await;
    until("the record is tried", async || {
        node.records().await[0].last_error.is_some()
    })
    .await;
    // The outage of a weekend.
    clock.advance(Duration::from_hours(60));
    until("the record is tried again", async || {
        // A worker that polled just before the clock advanced polls again.
        clock.advance(Duration::from_secs(1));
        let record = &node.records().await[0];
        record.attempts >= 2 && record.last_error.is_some()
    })
    .await;
    until("the record waits", async || {
        node.record_statuses("change_contact").await == ["waiting"]
    })
    .await;
    unavailable.store(false, Ordering::SeqCst);
    until("the record is done", async || {
        clock.advance(Duration::from_mins(1));
        node.record_statuses("change_contact").await == ["succeeded"]
    })
    .await;
}
