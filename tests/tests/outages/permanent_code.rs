//! A permanent code that was issued and cannot be stored.

use wecom_login_tests::app::SUITE;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};

const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";

#[tokio::test(flavor = "multi_thread")]
async fn unstorable_permanent_code_is_logged_and_kept_until_stored() {
    let log = LogCapture::default();
    log.record("error");
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(transport.client()))
        .start()
        .await;
    let corp = node.corp(0);
    // The database stops taking writes while WeCom's answer is on its way.
    transport.hold_responses(GET_PERMANENT_CODE);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    let lock = node.database.lock().await;
    transport.release();
    let said = || {
        let text = log.text();
        text.lines()
            .any(|line| line.contains("cannot be stored") && line.contains(&corp))
    };
    until("the error is logged", async || said()).await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "none");
    lock.release().await;
    node.wait_until_active(SUITE, &corp).await;
    until("its record is done", async || {
        node.record_statuses("create_auth").await == ["succeeded"]
    })
    .await;
    assert_eq!(
        node.sandbox.calls(GET_PERMANENT_CODE),
        1,
        "WeCom was called once"
    );
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &node.user(0, 0))
            .await
            .status,
        200
    );
}
