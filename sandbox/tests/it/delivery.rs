//! How pushes arrive, and what becomes of those that do not.

use std::time::Duration;

use serde_json::json;
use wecom_sandbox::{Outcome, Sandbox, Settings};

use crate::app::{App, PROVIDER, SUITE, element, suite};
use crate::client::World;

#[test]
fn the_times_are_wecoms_by_default() {
    let settings = Settings::default();
    assert_eq!(settings.retry_delays_ms, [2_000, 6_000]);
    assert_eq!(settings.delivery_timeout_ms, 5_000);
    assert_eq!(settings.ticket_period_ms, 600_000);
}

async fn quick() -> World {
    let world = World::start().await;
    let changes = json!({"retryDelaysMs": [1, 1], "deliveryTimeoutMs": 200});
    world.sandbox.change_settings(changes).await.unwrap();
    world.sandbox.install(&world.corp(0)).await.unwrap();
    world
}

#[tokio::test]
async fn a_push_that_is_not_answered_comes_three_times() {
    let world = quick().await;
    world.app.hang(9);
    let answer = world.post(&format!("/sandbox/corps/{}/change", world.corp(0)), json!({})).await.json();
    assert_eq!(
        (&answer["event"], &answer["status"], &answer["attempts"]),
        (&json!("change_auth"), &json!(null), &json!(3))
    );
    assert!(answer["durationMs"].as_u64().unwrap() >= 600, "{answer}");
    let mut fields: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["answer", "attempts", "durationMs", "event", "id", "status"]);
    let pushes: Vec<_> = world.app.pushes().into_iter().filter(|push| push.name() == "change_auth").collect();
    assert_eq!(pushes.len(), 3);
    assert!(pushes.iter().all(|push| push.nonce == pushes[0].nonce && push.envelope == pushes[0].envelope));

    world.app.hang(1);
    world.sandbox.change_settings(json!({"freshRetries": true})).await.unwrap();
    let delivery = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert!(delivery.succeeded() && delivery.attempts == 2);
    let pushes = world.app.pushes();
    assert_ne!(pushes[pushes.len() - 1].nonce, pushes[pushes.len() - 2].nonce);
}

#[tokio::test]
async fn another_status_than_200_is_final_unless_the_switch_says_otherwise() {
    let world = quick().await;
    world.app.refuse(500, 1);
    let delivery = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!((delivery.status, delivery.attempts, delivery.outcome), (Some(500), 1, Outcome::Failed));
    world.sandbox.change_settings(json!({"retryNon200": true})).await.unwrap();
    world.app.refuse(503, 2);
    let delivery = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!((delivery.status, delivery.attempts, delivery.outcome), (Some(200), 3, Outcome::Delivered));
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_and_recorded() {
    let world = quick().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.sandbox.set_notify(&format!("http://{closed}/auth/notify")).unwrap();
    let delivery = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!((delivery.status, delivery.attempts), (None, 3));
    assert!(delivery.error.is_some());
    let last = world.sandbox.deliveries().into_iter().find(|known| known.id == delivery.id).unwrap();
    assert_eq!(last.outcome, Outcome::Failed);
}

#[tokio::test]
async fn pushes_are_lost_doubled_and_reordered_on_demand() {
    let world = quick().await;
    let count = |event: &str| world.app.pushes().iter().filter(|push| push.name() == event).count();
    world.sandbox.change_settings(json!({"drop": 1})).await.unwrap();
    let lost = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!((lost.outcome, lost.attempts, count("change_auth")), (Outcome::Dropped, 0, 0));

    world.sandbox.change_settings(json!({"duplicate": ["change_auth"]})).await.unwrap();
    let doubled = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!(count("change_auth"), 2);
    assert_eq!(world.sandbox.deliveries().last().unwrap().duplicate_of, Some(doubled.id));

    world.sandbox.change_settings(json!({"duplicate": null, "reorder": ["change_auth"]})).await.unwrap();
    let held = world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!((held.outcome, count("change_auth")), (Outcome::Held, 2));
    world.sandbox.cancel(&world.corp(0)).await.unwrap();
    let names: Vec<_> = world.app.pushes().iter().map(crate::app::Push::name).collect();
    assert_eq!(names[names.len() - 2..], ["cancel_auth", "change_auth"]);
}

#[tokio::test]
async fn what_was_held_comes_when_the_switch_is_off_again() {
    let world = quick().await;
    world.sandbox.change_settings(json!({"reorder": true})).await.unwrap();
    world.sandbox.change(&world.corp(0)).await.unwrap();
    world.sandbox.change_settings(json!({"reorder": false})).await.unwrap();
    assert_eq!(world.app.last("change_auth").receive_id, SUITE);
}

#[tokio::test]
async fn receiveid_and_outer_to_user_name_can_be_chosen() {
    let world = quick().await;
    let corp = world.corp(0);
    world.sandbox.unsubscribe(&corp, &world.user(0)).await.unwrap();
    let usual = world.app.last("unsubscribe");
    assert_eq!((usual.receive_id.as_str(), usual.field("ToUserName")), (corp.as_str(), Some(corp.clone())));
    assert_eq!(element(&usual.envelope, "AgentID").as_deref(), Some("1000002"));

    let changes =
        json!({"receiveid": {"suite": "providerCorpId", "app": ""}, "outerToUserName": "providerCorpId"});
    world.sandbox.change_settings(changes).await.unwrap();
    world.sandbox.change(&corp).await.unwrap();
    let change = world.app.last("change_auth");
    assert_eq!(change.receive_id, PROVIDER);
    assert_eq!(element(&change.envelope, "ToUserName").as_deref(), Some(PROVIDER));
    world.sandbox.unsubscribe(&corp, &world.user(0)).await.unwrap();
    assert_eq!(world.app.last("unsubscribe").receive_id, "");
}

#[tokio::test]
async fn callbacks_can_be_json() {
    let world = quick().await;
    world.sandbox.change_settings(json!({"format": "json"})).await.unwrap();
    world.sandbox.change(&world.corp(0)).await.unwrap();
    let push = world.app.pushes().pop().unwrap();
    let event: serde_json::Value = serde_json::from_str(&push.text).unwrap();
    assert_eq!((&event["InfoType"], &event["AuthCorpId"]), (&json!("change_auth"), &json!(world.corp(0))));
}

#[tokio::test]
async fn the_url_check_knows_the_right_answer() {
    let world = World::start().await;
    let answer = world.post(&format!("/sandbox/suites/{SUITE}/verify"), json!({})).await.json();
    assert_eq!(
        (&answer["event"], &answer["status"], &answer["verified"]),
        (&json!("verify"), &json!(200), &json!(true))
    );
    assert_eq!(answer["answer"].as_str().unwrap().len(), 19);
    world.sandbox.change_settings(json!({"receiveid": {"get": "suiteId"}})).await.unwrap();
    let (delivery, verified) = world.sandbox.verify(SUITE).await.unwrap();
    assert_eq!((delivery.status, verified), (Some(403), false));
}

#[tokio::test]
async fn nothing_is_pushed_before_a_url_is_set_and_a_ticket_right_after() {
    let app = App::start().await;
    let sandbox = Sandbox::builder().suites([suite(SUITE)]).start().await.unwrap();
    let corp = sandbox.corp_ids()[0].clone();
    let delivery = sandbox.install(&corp).await.unwrap();
    assert_eq!((delivery.attempts, delivery.outcome), (0, Outcome::Failed));
    assert!(app.pushes().is_empty());
    sandbox.set_notify(&app.notify_url()).unwrap();
    app.wait_for("suite_ticket", 1).await;
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_ticket_is_pushed_until_it_is_taken_and_every_ten_minutes() {
    let app = App::start().await;
    app.refuse(503, 2);
    let sandbox = Sandbox::builder().suites([suite(SUITE)]).notify(app.notify_url()).start().await.unwrap();
    let third = app.wait_for("suite_ticket", 3).await;
    assert_eq!(third.receive_id, SUITE);
    let tickets: Vec<_> = app.pushes().iter().map(|push| push.field("SuiteTicket")).collect();
    assert!(tickets.iter().all(|ticket| *ticket == tickets[0]), "it is one ticket");
    sandbox.advance(Duration::from_secs(600));
    let next = app.wait_for("suite_ticket", 4).await;
    assert_ne!(next.field("SuiteTicket"), tickets[0]);
    let by_hand = sandbox.push_ticket(SUITE).await.unwrap();
    assert!(by_hand.succeeded() && by_hand.event == "suite_ticket");
    let deliveries = sandbox.deliveries();
    assert!(deliveries.windows(2).all(|pair| pair[0].id < pair[1].id), "oldest first");
    assert_eq!((deliveries.len(), deliveries[0].attempts), (3, 3));
}
