//! What the host app is told.

use std::time::{Duration, Instant};

use wecom_login::{
    AuthenticatedMember, Binding, DefaultUserBinder, ManualClock, Principal, Result, UserBinder,
};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::hooks::RecordingHooks;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

#[tokio::test]
async fn end_that_a_daily_re_read_finds_is_told_after_a_restart() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    until("the authorization is told", async || {
        node.hooks.count(&format!("authorized: {corp}")) == 1
    })
    .await;
    node.hooks.hang();
    node.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").errcode(48004))
        .unwrap();
    until(
        "the re-read finds the end, and the hook hangs",
        async || {
            clock.advance(Duration::from_mins(10));
            node.hooks.hanging() > 0
        },
    )
    .await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "cancelled");
    // The process ends. The hooks of the next one answer.
    node.login.shutdown().await;
    let (later, told) = (RecordingHooks::default(), format!("cancelled: {corp}"));
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()).hooks(later.clone()))
        .await;
    until("the next start tells it", async || {
        clock.advance(Duration::from_secs(5));
        later.count(&told) == 1
    })
    .await;
    assert_eq!(node.hooks.count(&told), 0);
    other.shutdown().await;
}

#[tokio::test]
async fn failing_hook_is_called_again_and_the_order_is_kept() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let (corp, other) = (node.corp(0), node.corp(1));
    node.hooks.refuse_next(3);
    let _ = node.sandbox.install(&corp).await.unwrap();
    node.wait_until_active(SUITE, &corp).await;
    until("the hook has failed", async || node.hooks.refused() == 1).await;
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    until("both are told", async || {
        clock.advance(Duration::from_secs(1));
        node.hooks.count(&format!("cancelled: {corp}")) == 1
    })
    .await;
    let lines = [format!("authorized: {corp}"), format!("cancelled: {corp}")];
    let told: Vec<_> = node.hooks.calls();
    let told: Vec<_> = told.iter().filter(|line| lines.contains(line)).collect();
    assert_eq!(told, [&lines[0], &lines[1]]);
    let _ = node.sandbox.install(&other).await.unwrap();
    until("the other corp is told", async || {
        node.hooks.count(&format!("authorized: {other}")) == 1
    })
    .await;
    until("nothing is kept that is taken", async || {
        node.number("SELECT COUNT(*) FROM wecom_notification").await == 0
    })
    .await;
}

#[tokio::test]
async fn member_who_left_is_told_once_by_two_nodes() {
    let node = TestApp::builder().start().await;
    let other = node.second_handle().await;
    let corp = node.install(0).await;
    let users: Vec<_> = (0..2).map(|number| node.user(0, number)).collect();
    for user in &users {
        node.token_for_suite(SUITE, &corp, user).await;
    }
    for user in &users {
        assert!(node.sandbox.leave(&corp, user).await.unwrap().succeeded());
    }
    until("the departures are told", async || {
        node.number("SELECT COUNT(*) FROM wecom_notification").await == 0
            && users
                .iter()
                .all(|user| node.hooks.count(&format!("left: {user}")) > 0)
    })
    .await;
    for user in &users {
        assert_eq!(node.hooks.count(&format!("left: {user}")), 1);
    }
    other.shutdown().await;
}

#[tokio::test]
async fn login_does_not_wait_for_a_hook_that_hangs() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    until("the authorization is told", async || {
        node.hooks.count(&format!("authorized: {corp}")) == 1
    })
    .await;
    node.hooks.hang();
    let started = Instant::now();
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.status, 200);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(9), "it took {took:?}");
    until("the hook hangs", async || node.hooks.hanging() == 1).await;
    let started = Instant::now();
    node.login.shutdown().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(9), "a shutdown took {took:?}");
}

/// A binder that never ends a binding.
struct HangingBinder(DefaultUserBinder);

impl UserBinder for HangingBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        self.0.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.0.find(principal).await
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        std::future::pending().await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.0.rebind(from, to).await
    }
}

#[tokio::test]
async fn binder_that_hangs_is_given_up_and_called_again() {
    let node = TestApp::builder()
        .configure(|builder| builder.wrap_binder(HangingBinder))
        .start()
        .await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    node.token_for_suite(SUITE, &corp, &user).await;
    assert!(node.sandbox.leave(&corp, &user).await.unwrap().succeeded());
    let record = async || {
        let records = node.records().await;
        records
            .into_iter()
            .find(|record| record.event == "change_contact")
            .unwrap()
    };
    until("the binder is given up", async || {
        let error = record().await.last_error.unwrap_or_default();
        error.contains("UserBinder::unbind")
    })
    .await;
    until("the record is tried again", async || {
        record().await.attempts > 1
    })
    .await;
    assert_eq!(node.hooks.count(&format!("left: {user}")), 0);
}
