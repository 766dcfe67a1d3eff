//! Revocation of all sessions, on every node.

use serde_json::json;
use wecom_login_tests::app::{SUITE, accepts};
use wecom_login_tests::{TestApp, TestRequest, until};

#[tokio::test(flavor = "multi_thread")]
async fn end_all_sessions_revokes_sessions_and_login_codes_on_every_node() {
    let node = TestApp::builder().start().await;
    let (corp, other_corp) = (node.install(0).await, node.install(1).await);
    let member = node.user(0, 0);
    let other = node.second_handle().await;
    let sessions = [
        node.issue_session(SUITE, &corp, &member).await,
        node.issue_session(SUITE, &other_corp, &node.user(1, 0))
            .await,
        // Of a corp without an authorization.
        node.issue_session(SUITE, "wwneverauthorised001", "somebody")
            .await,
    ];
    for token in &sessions {
        assert!(node.is_valid(token).await && accepts(&other, token).await);
    }
    let code = node.sandbox.code_for_suite(&corp, &member, SUITE).unwrap();
    let body = json!({"corpId": corp, "code": code});
    let under_way = node
        .call(TestRequest::post("/First/getLoginCode").json(&body))
        .await;
    let login_code = under_way.json()["loginCode"].as_str().unwrap().to_owned();

    node.login.sessions().revoke_all().await.unwrap();
    for token in &sessions {
        assert!(
            !node.is_valid(token).await,
            "at once on the node that ends them"
        );
    }
    for token in &sessions {
        until("the session is revoked on the other node", async || {
            !accepts(&other, token).await
        })
        .await;
    }
    let spent = node
        .call(TestRequest::post("/loginByCode").json(&json!({"loginCode": login_code})))
        .await;
    assert_eq!(spent.problem(), (401, "LOGIN_CODE_INVALID".to_owned()));
    let fresh = node.second_handle().await;
    for token in &sessions {
        assert!(!accepts(&fresh, token).await);
    }

    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &member).await.status,
        200
    );
    let token = node.issue_session(SUITE, &corp, &member).await;
    assert!(
        node.is_valid(&token).await
            && accepts(&other, &token).await
            && accepts(&fresh, &token).await
    );
    fresh.shutdown().await;
    other.shutdown().await;
}
