//! What a `create_auth` says that waits for a suite_ticket.

use serde_json::json;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn create_auth_without_a_suite_ticket_warns_once() {
    let log = LogCapture::default();
    log.record("wecom_login=warn");
    let node = TestApp::builder().without_push().start().await;
    node.sandbox
        .change_settings(json!({"ticketPeriodMs": 0}))
        .await
        .unwrap();
    node.sandbox
        .set_notify(&format!("http://{}/auth/notify", node.address()))
        .unwrap();
    assert!(
        node.sandbox
            .install(&node.corp(0))
            .await
            .unwrap()
            .succeeded()
    );
    until("the record was attempted twice", async || {
        let record = node.records().await.remove(0);
        assert!(
            record.attempts == 0 || record.last_error.is_none() || record.hint.is_some(),
            "{record:?}"
        );
        record.attempts > 1
    })
    .await;
    let text = log.text();
    println!("{text}");
    let warnings = text
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("suite_ticket"));
    assert_eq!(warnings.count(), 1, "{text}");
}
