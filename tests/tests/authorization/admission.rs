//! The host app's decision about a new corp.

use wecom_login::{CorpDecision, CorpId, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

async fn decide(node: &TestApp, corp: &str, decision: CorpDecision) {
    let ids = (SuiteId::new(SUITE).unwrap(), CorpId::new(corp).unwrap());
    node.login
        .admin()
        .set_corp_decision(&ids.0, &ids.1, decision)
        .await
        .unwrap();
}

#[tokio::test]
async fn deferred_or_denied_corp_is_answered_like_an_unknown_corp() {
    for (decision, status) in [
        (CorpDecision::Defer, "held"),
        (CorpDecision::Deny, "refused"),
    ] {
        let node = TestApp::builder().start().await;
        node.hooks.decide(decision);
        let (corp, user) = (node.corp(0), node.user(0, 0));
        node.sandbox.install(&corp).await.unwrap();
        until("the decision is stored", async || {
            node.record_statuses("create_auth").await == ["succeeded"]
                && node.hooks.count(&format!("wants in: {corp}")) == 1
                && node.authorization_status(SUITE, &corp).await == status
        })
        .await;
        assert_eq!(node.hooks.count(&format!("wants in: {corp}")), 1);
        assert_eq!(node.hooks.count(&format!("authorized: {corp}")), 0);
        let code = node.sandbox.code(&corp, &user).unwrap();
        let refused = node.log_in_with_code(&corp, &code, Some(SUITE)).await;
        assert_eq!(refused.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
        let unknown = node
            .log_in_with_code("wwunknown", "any-code", Some(SUITE))
            .await;
        assert_eq!(
            refused.json(),
            unknown.json(),
            "the responses are identical"
        );
        // The refusal did not use the code up.
        decide(&node, &corp, CorpDecision::Approve).await;
        let login = node.log_in_with_code(&corp, &code, Some(SUITE)).await;
        assert_eq!(login.status, 200, "{:?}", login.json());
        let token = login.json()["token"].as_str().unwrap().to_owned();
        decide(&node, &corp, decision).await;
        assert!(
            !node.is_valid(&token).await,
            "a corp that is not approved has no sessions"
        );
    }
}

#[tokio::test]
async fn approved_corp_is_active_and_reported_to_hooks() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    until("the hook is called", async || {
        node.hooks.count(&format!("authorized: {corp}")) == 1
    })
    .await;
    assert_eq!(node.hooks.count(&format!("wants in: {corp}")), 1);
}

#[tokio::test]
async fn failing_review_hook_is_retried_and_keeps_the_corp_out() {
    let node = TestApp::builder().start().await;
    node.hooks.fail_next(2);
    let corp = node.corp(0);
    node.sandbox.install(&corp).await.unwrap();
    until("WeCom was called once", async || {
        node.hooks.count(&format!("wants in: {corp}")) == 1
    })
    .await;
    let answer = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    if node.hooks.count(&format!("wants in: {corp}")) < 3 {
        assert_eq!(answer.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
    }
    node.wait_until_active(SUITE, &corp).await;
    assert_eq!(node.hooks.count(&format!("wants in: {corp}")), 3);
    assert_eq!(
        node.sandbox.calls("service/v2/get_permanent_code"),
        1,
        "the AuthCode was spent once"
    );
}
