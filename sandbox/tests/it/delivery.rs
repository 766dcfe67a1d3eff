//! The delivery of pushes, with retries and the settings that disturb it.

use std::time::Duration;

use serde_json::json;
use wecom_sandbox::{Outcome, Settings};

use crate::harness::Harness;
use crate::mock_app::{PROVIDER, SUITE, element};

#[test]
fn default_delays_are_wecoms() {
    let settings = Settings::default();
    assert_eq!(settings.retry_delays_ms, [2_000, 6_000]);
    assert_eq!(settings.delivery_timeout_ms, 5_000);
    assert_eq!(settings.ticket_period_ms, 600_000);
    assert!(settings.strict_answers);
    assert_eq!(settings.auth_answer_ms, 1_000);
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
async fn only_success_delivers_a_suite_event() {
    let harness = start_with_short_delays().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    for body in ["", "ok", "Success", "\"success\"", "success\n"] {
        harness.app.answer(body);
        let delivery = harness.sandbox.change(&corp).await.unwrap();
        assert_eq!(
            (delivery.status, delivery.attempts, delivery.outcome),
            (Some(200), 1, Outcome::Failed),
            "{body:?}"
        );
        assert!(!delivery.succeeded());
        assert_eq!(delivery.error.as_deref(), Some("the body is not `success`"));
    }
    for (body, outcome) in [
        ("", Outcome::Delivered),
        ("<xml><Encrypt>x</Encrypt></xml>", Outcome::Delivered),
        ("ok", Outcome::Failed),
    ] {
        harness.app.answer(body);
        let delivery = harness.sandbox.unsubscribe(&corp, &user).await.unwrap();
        assert_eq!(delivery.outcome, outcome, "{body:?} to an app event");
    }
    let changes = json!({"retryNon200": true});
    harness.sandbox.change_settings(changes).await.unwrap();
    assert_eq!(harness.sandbox.change(&corp).await.unwrap().attempts, 3);
    let changes = json!({"strictAnswers": false});
    harness.sandbox.change_settings(changes).await.unwrap();
    let delivery = harness.sandbox.change(&corp).await.unwrap();
    assert_eq!(
        (delivery.attempts, delivery.outcome),
        (1, Outcome::Delivered)
    );
}

#[tokio::test]
async fn late_answer_does_not_deliver_an_authorization_event() {
    let harness = start_with_short_delays().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let changes = json!({"authAnswerMs": 50, "deliveryTimeoutMs": 5_000});
    harness.sandbox.change_settings(changes).await.unwrap();
    harness.app.delay(Duration::from_millis(60));
    let late = harness.sandbox.change(&corp).await.unwrap();
    assert_eq!(
        (late.status, late.answer.as_deref(), late.outcome),
        (Some(200), Some("success"), Outcome::Failed)
    );
    assert!(!late.succeeded());
    let error = late.error.unwrap();
    assert!(error.ends_with("the limit is 50 ms"), "{error}");
    let app_event = harness.sandbox.unsubscribe(&corp, &user).await.unwrap();
    assert!(app_event.succeeded(), "{app_event:?}");
    let changes = json!({"strictAnswers": false});
    harness.sandbox.change_settings(changes).await.unwrap();
    assert!(harness.sandbox.change(&corp).await.unwrap().succeeded());
}
