//! A member becomes invisible while the database takes no writes.

use std::time::Duration;

use serde_json::json;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn hidden_member_stays_out_while_the_database_takes_no_writes() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let (seen, hidden) = (node.user(0, 0), node.user(0, 1));
    // The access token is cached: nothing is written before WeCom is called.
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &seen).await.status, 200);
    node.sandbox
        .change_settings(json!({"drop": ["change_auth"]}))
        .await
        .unwrap();
    node.sandbox.hide(&corp, &hidden).await.unwrap();
    let asked = node.sandbox.calls("user/get");
    let lock = node.database.lock().await;
    let (answer, ()) = tokio::join!(node.log_in_to_suite(SUITE, &corp, &hidden), async {
        until("WeCom is called", async || {
            node.sandbox.calls("user/get") > asked
        })
        .await;
        // Longer than a login waits for an optional write.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        lock.release().await;
    });
    assert_eq!(answer.problem(), (403, "USER_NOT_VISIBLE".to_owned()));
}
