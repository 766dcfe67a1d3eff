//! A failover loses the record while WeCom answers its AuthCode: the permanent code is kept.

use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
const UNFINISHED: &str =
    "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";

/// Executes statements on the record while WeCom delays its answer.
async fn install_while(statements: impl Fn(&TestApp) -> Vec<String>) -> (TestApp, String) {
    let node = TestApp::builder().start().await;
    let corp = node.corp(0);
    node.sandbox
        .fault(Fault::for_api(GET_PERMANENT_CODE).delay_ms(1_500).times(1))
        .unwrap();
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom is called", async || {
        node.sandbox.calls(GET_PERMANENT_CODE) == 1
    })
    .await;
    for statement in statements(&node) {
        node.database.execute(&statement).await;
    }
    node.wait_until_active(SUITE, &corp).await;
    until("every record is done", async || {
        node.number(UNFINISHED).await == 0
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
    (node, corp)
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_code_is_stored_though_its_record_is_gone() {
    let (node, _) = install_while(|_| {
        vec![
            "DELETE FROM wecom_callback_record WHERE event = 'create_auth'".to_owned(),
            "DELETE FROM wecom_callback_seen".to_owned(),
        ]
    })
    .await;
    assert_eq!(node.record_statuses("create_auth").await, ["succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_with_a_reused_id_is_not_overwritten() {
    // The new server reuses ids.
    let (node, _) = install_while(|node| {
        let hash = node.database.literal("of another event");
        vec![format!(
            "UPDATE wecom_callback_record SET hash = {hash}, event = 'change_auth', status = 'failed', \
             payload = NULL, lease_owner = NULL, lease_until = NULL WHERE event = 'create_auth'"
        )]
    })
    .await;
    assert_eq!(node.record_statuses("change_auth").await, ["failed"]);
    assert_eq!(node.record_statuses("create_auth").await, ["succeeded"]);
    let stamped = "SELECT COUNT(*) FROM wecom_callback_record WHERE payload IS NOT NULL";
    assert_eq!(
        node.number(stamped).await,
        0,
        "the stored answer became an authorization"
    );
}
