//! Times from the far future, which a database whose clock was two hours ahead has left in the rows.

use std::time::Duration;

use serde_json::json;
use wecom_login::ErrorKind;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

const AHEAD: Duration = Duration::from_hours(2);

/// A node with a `create_auth` that waits for a suite_ticket.
async fn with_waiting_record() -> (TestApp, String) {
    let node = TestApp::builder().without_push().start().await;
    node.sandbox
        .change_settings(json!({"ticketPeriodMs": 0}))
        .await
        .unwrap();
    node.sandbox
        .set_notify(&format!("http://{}/auth/notify", node.address()))
        .unwrap();
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("the record waits", async || {
        let record = node.records().await.remove(0);
        record.attempts > 0 && record.status == wecom_login::RecordStatus::Waiting
    })
    .await;
    (node, corp)
}

/// Leaves the record as a node does that dies with it in hand, under a lease that lasts this much longer.
async fn abandon(node: &TestApp, lasts: Duration) {
    let until_then = node.now_millis() + i64::try_from(lasts.as_millis()).unwrap();
    let lease = format!(
        "UPDATE wecom_callback_record SET status = 'running', lease_owner = 'dead', lease_until = {until_then} \
         WHERE event = 'create_auth' AND status = 'waiting'"
    );
    let abandoned = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND lease_owner = 'dead'";
    until("the record has a lease of a dead node", async || {
        node.database.execute(&lease).await;
        node.number(abandoned).await == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_with_a_lease_from_the_future_is_claimed() {
    let (node, corp) = with_waiting_record().await;
    abandon(&node, AHEAD).await;
    node.sandbox.push_ticket(SUITE).await.unwrap();
    node.wait_until_active(SUITE, &corp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_with_a_lease_from_the_future_is_retried_by_an_operator() {
    let (node, _) = with_waiting_record().await;
    let record = node.records().await.remove(0).record_id;
    until("an operator's retry attempts the record", async || {
        abandon(&node, AHEAD).await;
        let retried = node.login.service().retry_callback(record).await;
        // The worker of this node may have claimed it a moment before.
        retried.is_err_and(|error| error.kind() == ErrorKind::SuiteTicketMissing)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_a_node_holds_is_released_by_an_operator() {
    let (node, corp) = with_waiting_record().await;
    let record = node.records().await.remove(0).record_id;
    // No lease from the future: nobody but an operator ends it earlier.
    abandon(&node, Duration::from_secs(55)).await;
    node.login.admin().release_callback(record).await.unwrap();
    let held = "SELECT COUNT(*) FROM wecom_callback_record WHERE lease_owner = 'dead'";
    assert_eq!(node.number(held).await, 0);
    node.sandbox.push_ticket(SUITE).await.unwrap();
    node.wait_until_active(SUITE, &corp).await;
    let unknown = node.login.admin().release_callback(i64::MAX).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::RecordNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_is_due_in_the_far_future_is_claimed() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    assert!(node.is_valid(&token).await);
    // The attempts fail while the table is away.
    node.database
        .execute("ALTER TABLE wecom_person RENAME TO away")
        .await;
    node.notify_until_accepted(&node.push_builder.unsubscribe(&corp, &node.user(0, 0)))
        .await;
    let due = node.now_millis() + i64::try_from(AHEAD.as_millis()).unwrap();
    let postpone = format!(
        "UPDATE wecom_callback_record SET due_at = {due} WHERE event = 'unsubscribe' AND status = 'waiting' \
         AND attempts > 0"
    );
    let postponed = format!("SELECT COUNT(*) FROM wecom_callback_record WHERE due_at >= {due}");
    until("the record is due in two hours", async || {
        node.database.execute(&postpone).await;
        node.number(&postponed).await == 1
    })
    .await;
    node.database
        .execute("ALTER TABLE away RENAME TO wecom_person")
        .await;
    until("the session is revoked", async || {
        !node.is_valid(&token).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn re_read_that_is_due_in_the_far_future_is_done() {
    const GET_AUTH_INFO: &str = "service/v2/get_auth_info";
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    node.wait_until_done().await;
    let due = node.now_millis() + 48 * 3_600_000;
    node.database
        .execute(&format!(
            "UPDATE wecom_authorization SET read_due_at = {due}"
        ))
        .await;
    let before = node.sandbox.calls(GET_AUTH_INFO);
    until("the authorization is read", async || {
        node.sandbox.calls(GET_AUTH_INFO) > before
    })
    .await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
}
