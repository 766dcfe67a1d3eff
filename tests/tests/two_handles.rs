//! Two handles in one process, each on a database of its own: nothing of one is seen by the other.
//!
//! The product keeps no state in the process. Whatever one handle caches, counts, evicts or shuts down is its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use wecom_login_tests::app::{ADMIN_KEY, SUITE};
use wecom_login_tests::{TestApp, TestRequest, TestResponse, until, until_mut};
use wecom_sandbox::Fault;

const UNSUBSCRIBED: &str = "SELECT COUNT(*) FROM wecom_person WHERE epoch > 0";

const REVOCATIONS: &str = "SELECT COUNT(*) FROM wecom_end";

/// Two apps with the same suite, the same corp and the same members.
async fn two_apps() -> (TestApp, TestApp) {
    let (one, other) = (
        TestApp::builder().start().await,
        TestApp::builder().start().await,
    );
    assert_eq!(one.install(0).await, other.install(0).await);
    (one, other)
}

async fn log_in(app: &TestApp) -> TestResponse {
    app.log_in_to_suite(SUITE, &app.corp(0), &app.user(0, 0))
        .await
}

async fn guess(app: &TestApp, code: &str) -> u16 {
    let response = app.log_in_with_code(&app.corp(0), code, Some(SUITE)).await;
    response.status
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_revocations_stay_with_their_handle() {
    let (one, other) = two_apps().await;
    let (corp, user) = (one.corp(0), one.user(0, 0));
    let of_one = one.issue_session(SUITE, &corp, &user).await;
    let of_other = other.issue_session(SUITE, &corp, &user).await;
    assert!(one.is_valid(&of_one).await && other.is_valid(&of_other).await);
    assert!(!one.is_valid(&of_other).await && !other.is_valid(&of_one).await);

    let logged = other.number(REVOCATIONS).await;
    // The same member, the same corp, everything: each time only the sessions of one handle end.
    let member = wecom_login_tests::app::principal(SUITE, &corp, &user);
    one.login.sessions().revoke_member(&member).await.unwrap();
    assert!(!one.is_valid(&of_one).await && other.is_valid(&of_other).await);
    assert!(one.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        one.authorization_status(SUITE, &corp).await == "cancelled"
    })
    .await;
    one.login.sessions().revoke_all().await.unwrap();
    one.wait_until_following(&one.login).await;
    assert!(other.is_valid(&of_other).await);
    assert_eq!(other.authorization_status(SUITE, &corp).await, "active");
    assert_eq!(log_in(&other).await.status, 200);
    assert_eq!(
        other.number(REVOCATIONS).await,
        logged,
        "the revocation log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_failed_codes_are_counted_by_each_handle() {
    let (one, other) = two_apps().await;
    let identity = "auth/getuserinfo";
    for number in 0..60 {
        assert_eq!(guess(&one, &format!("guess-{number}")).await, 401);
    }
    assert_eq!(guess(&one, "guess-60").await, 429);
    // One handle refuses this code without a call; the other asks its own WeCom.
    let calls = other.sandbox.calls(identity);
    assert_eq!(guess(&other, "guess-0").await, 401);
    assert_eq!(other.sandbox.calls(identity), calls + 1);
    assert_eq!(log_in(&other).await.status, 200);

    let corps = |key: &str| TestRequest::get("/corps").bearer(key);
    for _ in 0..10 {
        assert_eq!(one.call(corps("a-wrong-key")).await.status, 403);
    }
    assert_eq!(one.call(corps(ADMIN_KEY)).await.status, 429);
    assert_eq!(other.call(corps(ADMIN_KEY)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_tokens_and_broken_authorizations_stay_with_their_handle() {
    let (one, other) = two_apps().await;
    let logged_in = format!("logged in: {}", one.user(0, 0));
    assert_eq!(log_in(&one).await.status, 200);
    until("the hook is called", async || {
        one.hooks.count(&logged_in) == 1
    })
    .await;
    assert_eq!(other.hooks.count(&logged_in), 0);

    // The access token that one handle has cached is of no use to the other.
    let fetched = other.sandbox.calls("gettoken");
    one.sandbox.expire_tokens();
    assert_eq!(log_in(&other).await.status, 200);
    assert!(other.sandbox.calls("gettoken") <= fetched + 1);

    // A wrong secret breaks the authorization of one handle.
    let wrong_secret = Fault::for_api("gettoken").errcode(40001);
    one.sandbox.fault(wrong_secret).unwrap();
    let broken = log_in(&one).await;
    broken.assert_problem(403, "CORP_NOT_AUTHORIZED");
    let known = other.sandbox.calls("gettoken");
    assert_eq!(log_in(&other).await.status, 200);
    assert_eq!(other.sandbox.calls("gettoken"), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_of_one_handle_leaves_the_other_serving() {
    let (one, other) = two_apps().await;
    let (corp, user) = (other.corp(0), other.user(0, 0));
    let cached = other.issue_session(SUITE, &corp, &user).await;
    assert!(other.is_valid(&cached).await);
    one.stop().await;

    assert!(other.is_valid(&cached).await);
    let second = other.second_handle().await;
    let uncached = second
        .sessions()
        .issue(
            &wecom_login_tests::app::principal(SUITE, &corp, &user),
            wecom_login::Platform::App,
        )
        .await
        .unwrap();
    second.shutdown().await;
    assert!(other.is_valid(uncached.token.expose()).await);
    assert_eq!(log_in(&other).await.status, 200);
    let push = other.push_builder.unsubscribe(&corp, &user);
    other.notify_until_done(&push, "unsubscribe").await;
    assert_eq!(other.number(UNSUBSCRIBED).await, 1);
    assert!(
        !other.is_valid(&cached).await,
        "it follows its own revocation log"
    );
    let config = other.call(TestRequest::get("/First/getLoginConfig")).await;
    assert_eq!(config.success()["isActive"], json!(true));
}

/// A connection whose `BEGIN` is not answered makes its handle close every connection that comes back to the pool, for
/// some seconds. The pool of another handle keeps its connections.
#[tokio::test(flavor = "multi_thread")]
async fn eviction_in_one_pool_keeps_the_connections_of_the_other() {
    /// More new connections than a pool that evicts nothing needs.
    const EVICTING: usize = 30;
    /// The most that a pool opens by itself meanwhile.
    const KEEPING: usize = 10;

    let (one, other) = (
        TestApp::builder().proxied().start().await,
        TestApp::builder().proxied().start().await,
    );
    // A file has no connections that a failover could leave behind.
    let (Some(proxy), Some(other_proxy)) = (one.proxy(), other.proxy()) else {
        return;
    };
    let corp = one.install(0).await;
    let member = wecom_login_tests::app::principal(SUITE, &corp, &one.user(0, 0));
    proxy.stall_one_after(b"BEGIN");
    let revoked = one.login.sessions().revoke_member(&member).await;
    assert!(revoked.is_err(), "BEGIN was not answered");

    let (before, other_before) = (proxy.accepted(), other_proxy.accepted());
    until_mut(
        "the pool of one handle evicts its connections",
        async || {
            for app in [&one, &other] {
                assert!(app.login.admin().corps().await.is_ok());
            }
            proxy.accepted() >= before + EVICTING
        },
    )
    .await;
    let opened = other_proxy.accepted() - other_before;
    println!("{EVICTING} connections opened by one pool, {opened} by the other");
    assert!(opened <= KEEPING, "{opened} connections of the other pool");
}
