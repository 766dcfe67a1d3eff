//! A `create_auth` whose corp has a newer authorization.

use std::time::Duration;

use serde_json::json;
use wecom_login::{CallbackRecord, ManualClock, RecordStatus};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};

const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
const REMEDY: &str = "重新获取secret";

/// The records of `create_auth`, the oldest first.
async fn create_auths(node: &TestApp) -> Vec<CallbackRecord> {
    let mut records = node.records().await;
    records.retain(|record| record.event == "create_auth");
    records.reverse();
    records
}

fn is_superseded(record: &CallbackRecord) -> bool {
    let hint = record.hint.clone().unwrap_or_default();
    record.status == RecordStatus::Ignored && hint.contains("uperseded") && !hint.contains(REMEDY)
}

#[tokio::test(flavor = "multi_thread")]
async fn create_auth_is_superseded_by_the_next_one_of_its_corp() {
    let node = TestApp::builder().without_push().start().await;
    node.sandbox
        .change_settings(json!({"ticketPeriodMs": 0}))
        .await
        .unwrap();
    node.sandbox
        .set_notify(&format!("http://{}/auth/notify", node.address()))
        .unwrap();
    let corp = node.corp(0);
    // Both wait for a ticket. The second one ends the AuthCode of the first.
    for _ in 0..2 {
        assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    }
    node.sandbox.push_ticket(SUITE).await.unwrap();
    node.wait_until_active(SUITE, &corp).await;
    node.wait_until_done().await;
    let records = create_auths(&node).await;
    println!("{records:?}");
    assert!(is_superseded(&records[0]), "{:?}", records[0]);
    assert_eq!(records[1].status, RecordStatus::Succeeded);
}

/// Two corps install, and WeCom's answer to the AuthCode of the first is lost.
async fn with_lost_answer() -> (TestApp, ManualClock, String) {
    let clock = ManualClock::starting_now();
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(transport.client()).clock(clock.clone()))
        .start()
        .await;
    transport.drop_response(GET_PERMANENT_CODE);
    let lost = node.corp(0);
    assert!(node.sandbox.install(&lost).await.unwrap().succeeded());
    until("the record failed", async || {
        clock.advance(Duration::from_secs(1));
        create_auths(&node)
            .await
            .first()
            .is_some_and(|record| record.status == RecordStatus::Failed)
    })
    .await;
    node.install(1).await;
    node.wait_until_done().await;
    (node, clock, lost)
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_create_auth_is_superseded_by_a_reset_and_not_by_another_corp() {
    let (node, _clock, lost) = with_lost_answer().await;
    let record = create_auths(&node).await.remove(0);
    let hint = record.hint.clone().unwrap_or_default();
    assert_eq!(record.status, RecordStatus::Failed, "{record:?}");
    assert!(
        hint.contains(REMEDY),
        "another corp's success settles nothing: {record:?}"
    );
    assert!(node.sandbox.reset_secret(&lost).await.unwrap().succeeded());
    node.wait_until_active(SUITE, &lost).await;
    node.wait_until_done().await;
    let record = create_auths(&node).await.remove(0);
    println!("{record:?}");
    assert!(is_superseded(&record), "{record:?}");
}
