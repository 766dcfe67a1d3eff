//! A database that takes no writes while WeCom pushes, and WeCom does not push again after a 500.

use std::time::{Duration, Instant};

use serde_json::json;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;

/// Installs a corp while the database takes no writes for this long. Gives the status of the answer to the push, and
/// how long the answer took.
async fn install_while_stalled(node: &TestApp, corp: &str, stall: Duration) -> (u16, Duration) {
    // WeCom waits five seconds, and pushes again only after a broken or timed-out connection.
    node.sandbox
        .change_settings(
            json!({"retryNon200": false, "retryDelaysMs": [], "deliveryTimeoutMs": 5_000}),
        )
        .await
        .unwrap();
    let lock = node.database.lock().await;
    let (delivery, ()) = tokio::join!(
        async {
            let pushed = Instant::now();
            let delivery = node.sandbox.install(corp).await.unwrap();
            (delivery, pushed.elapsed())
        },
        async {
            // The length of the stall is the fault.
            tokio::time::sleep(stall).await;
            lock.release().await;
        }
    );
    let (delivery, took) = delivery;
    println!("a stall of {stall:?}: {delivery:?} after {took:?}");
    (delivery.status.unwrap_or_default(), took)
}

#[tokio::test(flavor = "multi_thread")]
async fn push_during_a_stall_of_three_seconds_is_answered_success() {
    let node = TestApp::builder().start().await;
    let corp = node.corp(0);
    let (status, _) = install_while_stalled(&node, &corp, Duration::from_secs(3)).await;
    assert_eq!(status, 200);
    node.wait_until_active(SUITE, &corp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn push_during_a_stall_of_twelve_seconds_is_stored_after_the_500() {
    let node = TestApp::builder().start().await;
    let corp = node.corp(0);
    let (status, took) = install_while_stalled(&node, &corp, Duration::from_secs(12)).await;
    assert_eq!(status, 500);
    assert!(
        took < Duration::from_secs(5),
        "WeCom waits five seconds: {took:?}"
    );
    // Nobody pushes it again.
    node.wait_until_active(SUITE, &corp).await;
    node.wait_until_done().await;
    assert_eq!(node.record_statuses("create_auth").await, ["succeeded"]);
}
