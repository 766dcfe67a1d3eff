//! Events under the provider's corpid as receiveid, which is not documented and has been seen.

use serde_json::json;
use wecom_login_tests::app::{PROVIDER, SUITE};
use wecom_login_tests::push::{app_event, suite_event};
use wecom_login_tests::{TestApp, until};

const NOW: i64 = 1_700_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn events_under_the_providers_corpid_are_handled() {
    let node = TestApp::builder().provider().start().await;
    node.sandbox
        .change_settings(json!({"receiveid": "providerCorpId"}))
        .await
        .unwrap();
    let delivery = node.sandbox.install(&node.corp(0)).await.unwrap();
    assert!(delivery.succeeded(), "{delivery:?}");
    let corp = node.corp(0);
    node.wait_until_active(SUITE, &corp).await;
    let (hidden, other) = (node.user(0, 0), node.user(0, 1));
    let of_hidden = node.issue_session(SUITE, &corp, &hidden).await;
    let of_other = node.issue_session(SUITE, &corp, &other).await;
    assert!(node.is_valid(&of_hidden).await);
    let event = app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &hidden)]);
    node.notify_until_accepted(&node.push_builder.post(PROVIDER, &event))
        .await;
    until("the member's session is revoked", async || {
        !node.is_valid(&of_hidden).await
    })
    .await;
    assert!(node.is_valid(&of_other).await);
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the corp's sessions are revoked", async || {
        !node.is_valid(&of_other).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_under_the_providers_corpid_name_a_suite_or_an_authorized_corp() {
    let node = TestApp::builder().provider().start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    let cancel = |fields: &str| {
        format!(
            "<xml>{fields}<InfoType>cancel_auth</InfoType><AuthCorpId>{corp}</AuthCorpId></xml>"
        )
    };
    // Without a SuiteId it may be about any suite.
    let unnamed = node.push_builder.post(PROVIDER, &cancel(""));
    assert_eq!(node.notify(&unnamed).await.status, 200);
    assert_eq!(node.record_statuses("cancel_auth").await, ["ignored"]);
    let foreign = suite_event("dkforeign", "cancel_auth", NOW, &[("AuthCorpId", &corp)]);
    assert_eq!(
        node.notify(&node.push_builder.post(PROVIDER, &foreign))
            .await
            .status,
        403
    );
    let unknown = app_event(
        "wwsomebodyelse",
        "unsubscribe",
        NOW,
        &[("FromUserName", "x")],
    );
    assert_eq!(
        node.notify(&node.push_builder.post(PROVIDER, &unknown))
            .await
            .status,
        200
    );
    assert_eq!(node.record_statuses("unsubscribe").await, ["ignored"]);
    // A corp's id is no provider's: its messages are those of its own app.
    let event = suite_event(SUITE, "cancel_auth", NOW, &[("AuthCorpId", &corp)]);
    let _ = node.notify(&node.push_builder.post(&corp, &event)).await;
    assert!(node.is_valid(&token).await);
}
