//! The notify URL: its tickets and its verification.

use std::time::Duration;

use serde_json::json;
use wecom_sandbox::{Outcome, Sandbox};

use crate::harness::Harness;
use crate::mock_app::{MockApp, SUITE, suite};

#[tokio::test]
async fn verify_detects_wrong_echo() {
    let harness = Harness::start().await;
    let answer = harness
        .post(&format!("/sandbox/suites/{SUITE}/verify"), json!({}))
        .await
        .json();
    assert_eq!(
        (&answer["event"], &answer["status"], &answer["verified"]),
        (&json!("verify"), &json!(200), &json!(true))
    );
    assert_eq!(answer["answer"].as_str().unwrap().len(), 19);
    harness
        .sandbox
        .change_settings(json!({"receiveid": {"get": "suiteId"}}))
        .await
        .unwrap();
    let (delivery, verified) = harness.sandbox.verify(SUITE).await.unwrap();
    assert_eq!((delivery.status, verified), (Some(403), false));
}

#[tokio::test]
async fn set_notify_starts_pushing_with_ticket() {
    let app = MockApp::start().await;
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .start()
        .await
        .unwrap();
    let corp = sandbox.corp_ids()[0].clone();
    let delivery = sandbox.install(&corp).await.unwrap();
    assert_eq!((delivery.attempts, delivery.outcome), (0, Outcome::Failed));
    assert!(app.pushes().is_empty());
    sandbox.set_notify(&app.notify_url()).unwrap();
    app.wait_for("suite_ticket", 1).await;
    sandbox.shutdown().await;
}

#[tokio::test]
async fn ticket_is_retried_until_accepted_and_renewed_every_ten_minutes() {
    let app = MockApp::start().await;
    app.respond_with(503, 2);
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    let third = app.wait_for("suite_ticket", 3).await;
    assert_eq!(third.receive_id, SUITE);
    let tickets: Vec<_> = app
        .pushes()
        .iter()
        .map(|push| push.field("SuiteTicket"))
        .collect();
    assert!(
        tickets.iter().all(|ticket| *ticket == tickets[0]),
        "all attempts push one ticket"
    );
    sandbox.advance(Duration::from_secs(600));
    let next = app.wait_for("suite_ticket", 4).await;
    assert_ne!(next.field("SuiteTicket"), tickets[0]);
    let manual = sandbox.push_ticket(SUITE).await.unwrap();
    assert!(manual.succeeded() && manual.event == "suite_ticket");
    let deliveries = sandbox.deliveries();
    assert!(
        deliveries.windows(2).all(|pair| pair[0].id < pair[1].id),
        "oldest first"
    );
    assert_eq!((deliveries.len(), deliveries[0].attempts), (3, 3));
}
