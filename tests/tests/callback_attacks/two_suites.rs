//! Two suites with the same callback keys, with one callback URL or one for each.

use wecom_login_tests::app::{SECOND_SUITE, SUITE};
use wecom_login_tests::push::{app_event, suite_event};
use wecom_login_tests::{TestApp, until};

const NOW: i64 = 1_700_000_000;

async fn twins() -> (TestApp, String, String) {
    let node = TestApp::builder().second_suite().start().await;
    let corp = node.install_suite(0, SUITE).await;
    node.install_suite(0, SECOND_SUITE).await;
    let user = node.user(0, 0);
    (node, corp, user)
}

async fn user_id(node: &TestApp, suite: &str, corp: &str, user: &str) -> (String, String) {
    let login = node.log_in_to_suite(suite, corp, user).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
    let text = |name: &str| login.json()[name].as_str().unwrap().to_owned();
    (text("token"), text("userId"))
}

#[tokio::test]
async fn app_event_of_two_suites_ends_sessions_in_both() {
    let (node, corp, user) = twins().await;
    let (first, _) = user_id(&node, SUITE, &corp, &user).await;
    let (second, _) = user_id(&node, SECOND_SUITE, &corp, &user).await;
    node.notify_until_done(&node.push_builder.unsubscribe(&corp, &user), "unsubscribe")
        .await;
    until("both sessions are revoked", async || {
        !node.is_valid(&first).await && !node.is_valid(&second).await
    })
    .await;
    assert_eq!(
        node.record_statuses("unsubscribe").await.len(),
        2,
        "one record for each suite"
    );
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
    assert_eq!(
        node.authorization_status(SECOND_SUITE, &corp).await,
        "active"
    );
}

#[tokio::test]
async fn app_event_of_two_suites_only_ends_sessions() {
    let (node, corp, user) = twins().await;
    let (first, bound_to) = user_id(&node, SUITE, &corp, &user).await;
    let (second, bound_to_too) = user_id(&node, SECOND_SUITE, &corp, &user).await;
    let left = app_event(
        &corp,
        "change_contact",
        NOW,
        &[("ChangeType", "delete_user"), ("UserID", &user)],
    );
    node.notify_until_done(&node.push_builder.post(&corp, &left), "change_contact")
        .await;
    until("both sessions are revoked", async || {
        !node.is_valid(&first).await && !node.is_valid(&second).await
    })
    .await;
    // Whose member left is a guess: the binding stays.
    assert_eq!(user_id(&node, SUITE, &corp, &user).await.1, bound_to);
    assert_eq!(
        user_id(&node, SECOND_SUITE, &corp, &user).await.1,
        bound_to_too
    );
}

#[tokio::test]
async fn suite_event_belongs_to_the_suite_of_its_receiveid() {
    let (node, corp, user) = twins().await;
    let first = node.issue_session(SUITE, &corp, &user).await;
    let second = node.issue_session(SECOND_SUITE, &corp, &user).await;
    let cancel = suite_event(
        SECOND_SUITE,
        "cancel_auth",
        NOW * 2,
        &[("AuthCorpId", &corp)],
    );
    node.notify_until_done(
        &node.push_builder.post(SECOND_SUITE, &cancel),
        "cancel_auth",
    )
    .await;
    assert!(node.is_valid(&first).await);
    assert!(!node.is_valid(&second).await);
    let mixed = suite_event(SUITE, "cancel_auth", NOW * 2, &[("AuthCorpId", &corp)]);
    assert_eq!(
        node.notify(&node.push_builder.post(SECOND_SUITE, &mixed))
            .await
            .status,
        403,
        "SuiteId within is the other's"
    );
    assert!(node.is_valid(&first).await);
}

#[tokio::test]
async fn instance_notify_accepts_only_its_own_suite() {
    let (node, corp, user) = twins().await;
    let first = node.issue_session(SUITE, &corp, &user).await;
    let second = node.issue_session(SECOND_SUITE, &corp, &user).await;
    let change = |suite: &str| {
        node.push_builder.post(
            suite,
            &suite_event(suite, "change_auth", NOW, &[("AuthCorpId", &corp)]),
        )
    };
    for (instance, suite, status) in [
        ("First", SUITE, 200),
        ("First", SECOND_SUITE, 403),
        ("Second", SECOND_SUITE, 200),
        ("Second", SUITE, 403),
    ] {
        let answer = node.notify_instance(instance, &change(suite)).await;
        assert_eq!(
            (answer.status, answer.body.is_empty()),
            (status, status != 200),
            "{instance} {suite}"
        );
    }
    // An app event at an instance's URL is no guess.
    assert_eq!(
        node.notify_instance("Second", &node.push_builder.unsubscribe(&corp, &user))
            .await
            .status,
        200
    );
    until("its session is revoked", async || {
        !node.is_valid(&second).await
    })
    .await;
    assert!(node.is_valid(&first).await);
    assert_eq!(node.record_statuses("unsubscribe").await.len(), 1);
}
