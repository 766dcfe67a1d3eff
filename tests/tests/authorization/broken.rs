//! Authorizations that WeCom's errors break, and what heals them.

use std::time::Duration;

use serde_json::json;
use wecom_login::{Clock as _, ManualClock, SessionConfig};
use wecom_login_tests::app::{SUITE, TestAppBuilder};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

const TEN_MINUTES: Duration = Duration::from_secs(601);

async fn with_clock(builder: TestAppBuilder<'_>) -> (TestApp, ManualClock) {
    let clock = ManualClock::starting_now();
    let long = SessionConfig::default().with_idle_timeout(Duration::from_secs(20 * 86_400));
    let node = builder
        .configure(|builder| builder.clock(clock.clone()).sessions(long))
        .start()
        .await;
    (node, clock)
}

async fn refused(node: &TestApp, corp: &str, user: &str) {
    let answer = node.log_in_to_suite(SUITE, corp, user).await;
    assert_eq!(
        answer.problem(),
        (403, "CORP_NOT_AUTHORIZED".to_owned()),
        "{:?}",
        answer.json()
    );
}

#[tokio::test]
async fn breaking_errcode_stops_logins_until_a_re_read_heals() {
    // After 40001 the corp has switched the app off, or so it looks: see `secrets/switched_off.rs`.
    for errcode in [40084, 40091, 48006] {
        let (node, clock) = with_clock(TestApp::builder()).await;
        let corp = node.install(0).await;
        let user = node.user(0, 0);
        let token = node.token_for_suite(SUITE, &corp, &user).await;
        node.sandbox
            .fault(Fault::for_api("gettoken").errcode(errcode))
            .unwrap();
        node.sandbox.expire_tokens();
        refused(&node, &corp, &user).await;
        let broken_by = async || node.corp_summary(SUITE, &corp).await.unwrap().broken_by;
        until("the authorization is broken", async || {
            node.authorization_status(SUITE, &corp).await == "broken"
        })
        .await;
        assert_eq!(broken_by().await, Some(errcode));
        let fetches = node.sandbox.calls("gettoken");
        refused(&node, &corp, &user).await;
        assert!(
            node.sandbox.calls("gettoken") <= fetches + 1,
            "logins of a broken corp do not call WeCom"
        );
        assert!(node.is_valid(&token).await, "sessions go on for a day");
        node.sandbox.clear_faults();
        clock.advance(TEN_MINUTES);
        until("the authorization is healed", async || {
            clock.advance(Duration::from_secs(31));
            node.authorization_status(SUITE, &corp).await == "active"
        })
        .await;
        assert_eq!(broken_by().await, None);
        let login = node.log_in_to_suite(SUITE, &corp, &user).await;
        assert_eq!(login.status, 200, "{errcode}: {:?}", login.json());
        assert!(node.is_valid(&token).await);
    }
}

#[tokio::test]
async fn transient_48004_heals_at_once() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    node.sandbox
        .fault(Fault::for_api("gettoken").errcode(48004).times(1))
        .unwrap();
    refused(&node, &corp, &user).await;
    node.wait_until_active(SUITE, &corp).await;
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
}

#[tokio::test]
async fn reset_permanent_code_heals_a_broken_corp_and_ends_no_session() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.token_for_suite(SUITE, &corp, &user).await;
    // The event of the reset is lost.
    node.sandbox
        .change_settings(json!({"drop": ["reset_permanent_code"]}))
        .await
        .unwrap();
    node.sandbox.reset_secret(&corp).await.unwrap();
    node.sandbox.expire_tokens();
    refused(&node, &corp, &user).await;
    until("the authorization is broken", async || {
        node.authorization_status(SUITE, &corp).await == "broken"
    })
    .await;
    node.sandbox
        .change_settings(json!({"drop": null}))
        .await
        .unwrap();
    assert!(node.sandbox.reset_secret(&corp).await.unwrap().succeeded());
    node.wait_until_active(SUITE, &corp).await;
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    assert!(node.is_valid(&token).await, "a reset begins no new epoch");
    assert_eq!(
        node.hooks.count(&format!("wants in: {corp}")),
        1,
        "it is not a new corp"
    );
}

#[tokio::test]
async fn new_authorization_heals_a_broken_corp_and_ends_its_sessions() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.token_for_suite(SUITE, &corp, &user).await;
    node.sandbox
        .fault(Fault::for_api("gettoken").errcode(40091).times(2))
        .unwrap();
    node.sandbox.expire_tokens();
    refused(&node, &corp, &user).await;
    until("the authorization is broken", async || {
        node.authorization_status(SUITE, &corp).await == "broken"
    })
    .await;
    node.sandbox.clear_faults();
    node.install(0).await;
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    assert!(
        !node.is_valid(&token).await,
        "a create_auth begins a new epoch"
    );
}

#[tokio::test]
async fn corp_broken_for_a_day_loses_its_sessions() {
    let (node, clock) = with_clock(TestApp::builder()).await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    node.sandbox
        .fault(Fault::for_api("service/v2/get_auth_info").errcode(40084))
        .unwrap();
    node.sandbox.change(&corp).await.unwrap();
    until("the authorization is broken", async || {
        node.authorization_status(SUITE, &corp).await == "broken"
    })
    .await;
    let broken_at = node
        .number("SELECT broken_at FROM wecom_authorization")
        .await;
    let broken_for =
        || Duration::from_millis(u64::try_from(clock.now().as_millis() - broken_at).unwrap());
    let due_at = async || {
        node.number("SELECT read_due_at FROM wecom_authorization")
            .await
    };
    for _ in 0..3 {
        let before = due_at().await;
        clock.advance(Duration::from_secs(7 * 3600));
        until("the authorization is read again", async || {
            // The worker may be between two polls when the clock advances.
            clock.advance(Duration::from_secs(6));
            due_at().await > before
        })
        .await;
        assert!(node.is_valid(&token).await || broken_for() >= Duration::from_hours(24));
    }
    clock.advance(Duration::from_secs(4 * 3600));
    until("the sessions are revoked", async || {
        clock.advance(Duration::from_secs(31));
        !node.is_valid(&token).await
    })
    .await;
    assert_eq!(
        node.authorization_status(SUITE, &corp).await,
        "broken",
        "the data is kept: the cause may be a reset secret"
    );
}

#[tokio::test]
async fn daily_re_read_detects_a_lost_cancellation() {
    let (node, clock) = with_clock(TestApp::builder()).await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    node.sandbox
        .change_settings(json!({"drop": ["cancel_auth"]}))
        .await
        .unwrap();
    node.sandbox.cancel(&corp).await.unwrap();
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
    clock.advance(Duration::from_secs(24 * 3600 + 60));
    until("the cancellation is detected", async || {
        clock.advance(Duration::from_secs(31));
        node.authorization_status(SUITE, &corp).await == "broken"
    })
    .await;
    assert!(node.is_valid(&token).await);
    clock.advance(Duration::from_secs(24 * 3600 + 60));
    until("its sessions are revoked", async || {
        clock.advance(Duration::from_secs(31));
        !node.is_valid(&token).await
    })
    .await;
}

#[tokio::test]
async fn wrong_secrets_of_many_corps_trip_the_circuit_breaker() {
    let (node, clock) = with_clock(TestApp::builder().corps(14)).await;
    node.sandbox
        .change_settings(json!({"drop": ["reset_permanent_code"]}))
        .await
        .unwrap();
    let good = node.install(0).await;
    assert_eq!(
        node.log_in_to_suite(SUITE, &good, &node.user(0, 0))
            .await
            .status,
        200,
        "its secret is proven"
    );
    for corp in 1..14 {
        let corp = node.install(corp).await;
        node.sandbox.reset_secret(&corp).await.unwrap();
    }
    let before = node.sandbox.calls("gettoken");
    let mut answers = Vec::new();
    for corp in 1..14 {
        answers.push(
            node.log_in_to_suite(SUITE, &node.corp(corp), &node.user(corp, 0))
                .await
                .problem(),
        );
    }
    let wrong = node.sandbox.calls("gettoken") - before;
    println!("13 companies with wrong secrets: {wrong} gettoken");
    assert!(
        (1..10).contains(&wrong),
        "{wrong} wrong secrets in ten minutes: {answers:?}"
    );
    assert!(
        answers[..usize::try_from(wrong).unwrap()]
            .iter()
            .all(|answer| answer.1 == "CORP_NOT_AUTHORIZED")
    );
    assert_eq!(
        answers.last().unwrap(),
        &(502, "UPSTREAM_ERROR".to_owned()),
        "its secret was never accepted"
    );
    // The circuit breaker leaves calls to a corp whose secret was accepted before.
    node.sandbox.expire_tokens();
    assert_eq!(
        node.log_in_to_suite(SUITE, &good, &node.user(0, 0))
            .await
            .status,
        200
    );
    clock.advance(TEN_MINUTES);
    let before = node.sandbox.calls("gettoken");
    node.log_in_to_suite(SUITE, &node.corp(13), &node.user(13, 0))
        .await;
    assert!(
        node.sandbox.calls("gettoken") > before,
        "ten minutes later it is tried"
    );
}
