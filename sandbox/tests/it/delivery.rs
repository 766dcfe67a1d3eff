//! The delivery of pushes, with retries and the settings that disturb it.

use std::time::Duration;

use serde_json::json;
use wecom_sandbox::{Outcome, Sandbox, Settings};

use crate::harness::Harness;
use crate::mock_app::{MockApp, PROVIDER, SUITE, element, suite};

#[test]
fn default_delays_are_wecoms() {
    let settings = Settings::default();
    assert_eq!(settings.retry_delays_ms, [2_000, 6_000]);
    assert_eq!(settings.delivery_timeout_ms, 5_000);
    assert_eq!(settings.ticket_period_ms, 600_000);
}

async fn start_with_short_delays() -> Harness {
    let harness = Harness::start().await;
    let changes = json!({"retryDelaysMs": [1, 1], "deliveryTimeoutMs": 200});
    harness.sandbox.change_settings(changes).await.unwrap();
    harness.sandbox.install(&harness.corp(0)).await.unwrap();
    harness
}

#[tokio::test]
async fn unanswered_push_is_sent_three_times() {
    let harness = start_with_short_delays().await;
    harness.app.hang(9);
    let answer = harness
        .post(
            &format!("/sandbox/corps/{}/change", harness.corp(0)),
            json!({}),
        )
        .await
        .json();
    assert_eq!(
        (&answer["event"], &answer["status"], &answer["attempts"]),
        (&json!("change_auth"), &json!(null), &json!(3))
    );
    assert!(answer["durationMs"].as_u64().unwrap() >= 600, "{answer}");
    let mut fields: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(
        fields,
        ["answer", "attempts", "durationMs", "event", "id", "status"]
    );
    let pushes: Vec<_> = harness
        .app
        .pushes()
        .into_iter()
        .filter(|push| push.name() == "change_auth")
        .collect();
    assert_eq!(pushes.len(), 3);
    assert!(
        pushes
            .iter()
            .all(|push| push.nonce == pushes[0].nonce && push.envelope == pushes[0].envelope)
    );

    harness.app.hang(1);
    harness
        .sandbox
        .change_settings(json!({"freshRetries": true}))
        .await
        .unwrap();
    let delivery = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert!(delivery.succeeded() && delivery.attempts == 2);
    let pushes = harness.app.pushes();
    assert_ne!(
        pushes[pushes.len() - 1].nonce,
        pushes[pushes.len() - 2].nonce
    );
}

#[tokio::test]
async fn non_200_is_final_unless_retry_non200() {
    let harness = start_with_short_delays().await;
    harness.app.respond_with(500, 1);
    let delivery = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!(
        (delivery.status, delivery.attempts, delivery.outcome),
        (Some(500), 1, Outcome::Failed)
    );
    harness
        .sandbox
        .change_settings(json!({"retryNon200": true}))
        .await
        .unwrap();
    harness.app.respond_with(503, 2);
    let delivery = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!(
        (delivery.status, delivery.attempts, delivery.outcome),
        (Some(200), 3, Outcome::Delivered)
    );
}

#[tokio::test]
async fn refused_connection_is_retried_and_recorded() {
    let harness = start_with_short_delays().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    harness
        .sandbox
        .set_notify(&format!("http://{closed}/auth/notify"))
        .unwrap();
    let delivery = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!((delivery.status, delivery.attempts), (None, 3));
    assert!(delivery.error.is_some());
    let last = harness
        .sandbox
        .deliveries()
        .into_iter()
        .find(|known| known.id == delivery.id)
        .unwrap();
    assert_eq!(last.outcome, Outcome::Failed);
}

#[tokio::test]
async fn drop_duplicate_and_reorder_apply_to_pushes() {
    let harness = start_with_short_delays().await;
    let count = |event: &str| {
        harness
            .app
            .pushes()
            .iter()
            .filter(|push| push.name() == event)
            .count()
    };
    harness
        .sandbox
        .change_settings(json!({"drop": 1}))
        .await
        .unwrap();
    let dropped = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!(
        (dropped.outcome, dropped.attempts, count("change_auth")),
        (Outcome::Dropped, 0, 0)
    );

    harness
        .sandbox
        .change_settings(json!({"duplicate": ["change_auth"]}))
        .await
        .unwrap();
    let duplicated = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!(count("change_auth"), 2);
    assert_eq!(
        harness.sandbox.deliveries().last().unwrap().duplicate_of,
        Some(duplicated.id)
    );

    harness
        .sandbox
        .change_settings(json!({"duplicate": null, "reorder": ["change_auth"]}))
        .await
        .unwrap();
    let delayed = harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!((delayed.outcome, count("change_auth")), (Outcome::Held, 2));
    harness.sandbox.cancel(&harness.corp(0)).await.unwrap();
    let names: Vec<_> = harness
        .app
        .pushes()
        .iter()
        .map(crate::mock_app::Push::name)
        .collect();
    assert_eq!(names[names.len() - 2..], ["cancel_auth", "change_auth"]);
}

#[tokio::test]
async fn delayed_pushes_are_sent_when_reorder_is_off() {
    let harness = start_with_short_delays().await;
    harness
        .sandbox
        .change_settings(json!({"reorder": true}))
        .await
        .unwrap();
    harness.sandbox.change(&harness.corp(0)).await.unwrap();
    harness
        .sandbox
        .change_settings(json!({"reorder": false}))
        .await
        .unwrap();
    assert_eq!(harness.app.last("change_auth").receive_id, SUITE);
}

#[tokio::test]
async fn receiveid_and_outer_to_user_name_follow_settings() {
    let harness = start_with_short_delays().await;
    let corp = harness.corp(0);
    harness
        .sandbox
        .unsubscribe(&corp, &harness.user(0))
        .await
        .unwrap();
    let default = harness.app.last("unsubscribe");
    assert_eq!(
        (default.receive_id.as_str(), default.field("ToUserName")),
        (corp.as_str(), Some(corp.clone()))
    );
    assert_eq!(
        element(&default.envelope, "AgentID").as_deref(),
        Some("1000002")
    );

    let changes = json!({"receiveid": {"suite": "providerCorpId", "app": ""}, "outerToUserName": "providerCorpId"});
    harness.sandbox.change_settings(changes).await.unwrap();
    harness.sandbox.change(&corp).await.unwrap();
    let change = harness.app.last("change_auth");
    assert_eq!(change.receive_id, PROVIDER);
    assert_eq!(
        element(&change.envelope, "ToUserName").as_deref(),
        Some(PROVIDER)
    );
    harness
        .sandbox
        .unsubscribe(&corp, &harness.user(0))
        .await
        .unwrap();
    assert_eq!(harness.app.last("unsubscribe").receive_id, "");
}

#[tokio::test]
async fn format_json_pushes_json() {
    let harness = start_with_short_delays().await;
    harness
        .sandbox
        .change_settings(json!({"format": "json"}))
        .await
        .unwrap();
    harness.sandbox.change(&harness.corp(0)).await.unwrap();
    let push = harness.app.pushes().pop().unwrap();
    let event: serde_json::Value = serde_json::from_str(&push.text).unwrap();
    assert_eq!(
        (&event["InfoType"], &event["AuthCorpId"]),
        (&json!("change_auth"), &json!(harness.corp(0)))
    );
}

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
