//! Two suites with one token and key, and one callback URL for each.

use wecom_login_tests::forge::{app_event, suite_event};
use wecom_login_tests::node::{Node, Plan, SUITE, TWIN, until};

const NOW: i64 = 1_700_000_000;

async fn twins() -> (Node, String, String) {
    let mut plan = Plan::default();
    plan.twin = true;
    let node = Node::start(plan).await;
    let corp = node.install_suite(0, SUITE).await;
    node.install_suite(0, TWIN).await;
    let user = node.user(0, 0);
    (node, corp, user)
}

async fn user_id(node: &Node, suite: &str, corp: &str, user: &str) -> (String, String) {
    let login = node.log_in(suite, corp, user).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
    let text = |name: &str| login.json()[name].as_str().unwrap().to_owned();
    (text("token"), text("userId"))
}

#[tokio::test]
async fn an_app_event_that_fits_two_suites_ends_sessions_in_both() {
    let (node, corp, user) = twins().await;
    let (first, _) = user_id(&node, SUITE, &corp, &user).await;
    let (second, _) = user_id(&node, TWIN, &corp, &user).await;
    let gone = app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &user)]);
    node.done(&node.forge.post(&corp, &gone), "unsubscribe")
        .await;
    until("both are over", async || {
        !node.lives(&first).await && !node.lives(&second).await
    })
    .await;
    assert_eq!(
        node.statuses("unsubscribe").await.len(),
        2,
        "one record for each suite"
    );
    assert_eq!(node.status(SUITE, &corp).await, "active");
    assert_eq!(node.status(TWIN, &corp).await, "active");
}

#[tokio::test]
async fn an_app_event_that_fits_two_suites_does_nothing_but_end_sessions() {
    let (node, corp, user) = twins().await;
    let (first, bound_to) = user_id(&node, SUITE, &corp, &user).await;
    let (second, bound_to_too) = user_id(&node, TWIN, &corp, &user).await;
    let left = app_event(
        &corp,
        "change_contact",
        NOW,
        &[("ChangeType", "delete_user"), ("UserID", &user)],
    );
    node.done(&node.forge.post(&corp, &left), "change_contact")
        .await;
    until("both are over", async || {
        !node.lives(&first).await && !node.lives(&second).await
    })
    .await;
    // Whose person left is a guess: the binding stays.
    assert_eq!(user_id(&node, SUITE, &corp, &user).await.1, bound_to);
    assert_eq!(user_id(&node, TWIN, &corp, &user).await.1, bound_to_too);
}

#[tokio::test]
async fn a_suite_event_is_of_the_suite_that_its_receiveid_names() {
    let (node, corp, user) = twins().await;
    let first = node.session(SUITE, &corp, &user).await;
    let second = node.session(TWIN, &corp, &user).await;
    let cancel = suite_event(TWIN, "cancel_auth", NOW * 2, &[("AuthCorpId", &corp)]);
    node.done(&node.forge.post(TWIN, &cancel), "cancel_auth")
        .await;
    assert!(node.lives(&first).await);
    assert!(!node.lives(&second).await);
    let mixed = suite_event(SUITE, "cancel_auth", NOW * 2, &[("AuthCorpId", &corp)]);
    assert_eq!(
        node.push(&node.forge.post(TWIN, &mixed)).await.status,
        403,
        "SuiteId within is the other's"
    );
    assert!(node.lives(&first).await);
}

#[tokio::test]
async fn an_instances_own_url_takes_its_own_suite_only() {
    let (node, corp, user) = twins().await;
    let first = node.session(SUITE, &corp, &user).await;
    let second = node.session(TWIN, &corp, &user).await;
    let change = |suite: &str| {
        node.forge.post(
            suite,
            &suite_event(suite, "change_auth", NOW, &[("AuthCorpId", &corp)]),
        )
    };
    for (instance, suite, status) in [
        ("First", SUITE, 200),
        ("First", TWIN, 403),
        ("Second", TWIN, 200),
        ("Second", SUITE, 403),
    ] {
        let answer = node.push_to(instance, &change(suite)).await;
        assert_eq!(
            (answer.status, answer.body.is_empty()),
            (status, status != 200),
            "{instance} {suite}"
        );
    }
    // An app event at an instance's URL is no guess.
    let gone = app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &user)]);
    assert_eq!(
        node.push_to("Second", &node.forge.post(&corp, &gone))
            .await
            .status,
        200
    );
    until("its session is over", async || !node.lives(&second).await).await;
    assert!(node.lives(&first).await);
    assert_eq!(node.statuses("unsubscribe").await.len(), 1);
}
