//! Replays and reorderings: WeCom is asked what timestamps cannot tell.

use std::time::Duration;

use serde_json::json;
use wecom_login::{ManualClock, NotifyRequest};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::{app_event, suite_event};
use wecom_login_tests::{TestApp, until};

use super::now;

fn cancel(node: &TestApp, corp: &str, time: i64) -> wecom_login_tests::push::SignedPush {
    node.push_builder.post(
        SUITE,
        &suite_event(SUITE, "cancel_auth", time, &[("AuthCorpId", corp)]),
    )
}

/// WeCom contradicts a cancellation twice, a minute apart.
async fn wait_until_undone(node: &TestApp, clock: &ManualClock, corp: &str) {
    until("the cancellation is undone", async || {
        clock.advance(Duration::from_secs(10));
        node.authorization_status(SUITE, corp).await == "active"
    })
    .await;
}

#[tokio::test]
async fn forged_cancel_auth_stops_logins_until_wecom_contradicts_it() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    assert!(node.is_valid(&token).await);
    node.notify_until_done(&cancel(&node, &corp, now() + 1), "cancel_auth")
        .await;
    wait_until_undone(&node, &clock, &corp).await;
    assert!(
        !node.is_valid(&token).await,
        "sessions are revoked before WeCom is asked"
    );
    let answer = node.log_in_to_suite(SUITE, &corp, &user).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let kept = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NOT NULL";
    assert_eq!(
        node.number(kept).await,
        1,
        "a forged push does not erase the permanent code"
    );
}

#[tokio::test]
async fn cancel_auth_older_than_the_authorization_is_ignored() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    node.notify_until_done(&cancel(&node, &corp, now() - 3600), "cancel_auth")
        .await;
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
    assert!(node.is_valid(&token).await);
}

#[tokio::test]
async fn cancel_and_create_of_one_second_are_resolved_by_asking_wecom() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    // Really installed; the cancellation of before arrives last.
    let corp = node.install(0).await;
    let same_second = node
        .number("SELECT event_time FROM wecom_authorization")
        .await;
    node.notify_until_done(&cancel(&node, &corp, same_second), "cancel_auth")
        .await;
    wait_until_undone(&node, &clock, &corp).await;
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &node.user(0, 0))
            .await
            .status,
        200
    );

    // Really cancelled, and the event comes with the second of the authorization.
    let other = node.install(1).await;
    let of_other = format!("corp_id = {}", node.database.literal(&other));
    let asked = format!("SELECT event_time FROM wecom_authorization WHERE {of_other}");
    let same_second = node.number(&asked).await;
    node.sandbox
        .change_settings(json!({"drop": ["cancel_auth"]}))
        .await
        .unwrap();
    node.sandbox.cancel(&other).await.unwrap();
    node.notify_until_accepted(&cancel(&node, &other, same_second))
        .await;
    until("the authorization is cancelled", async || {
        node.authorization_status(SUITE, &other).await == "cancelled"
    })
    .await;
    let gone = format!(
        "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL AND {of_other}"
    );
    until("the permanent code is erased", async || {
        node.number(&gone).await == 1
    })
    .await;
}

#[tokio::test]
async fn create_auth_that_overtakes_its_cancel_auth_stays_active() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    node.sandbox
        .change_settings(json!({"reorder": ["cancel_auth"]}))
        .await
        .unwrap();
    node.sandbox.cancel(&corp).await.unwrap();
    // The cancellation is delivered after this one.
    node.sandbox.install(&corp).await.unwrap();
    until("both records are done", async || {
        node.record_statuses("cancel_auth").await == ["succeeded"]
            && node.record_statuses("create_auth").await.len() == 2
    })
    .await;
    wait_until_undone(&node, &clock, &corp).await;
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &node.user(0, 0))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn create_auth_after_a_later_reset_begins_a_new_epoch() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    node.sandbox
        .change_settings(json!({"reorder": ["create_auth"]}))
        .await
        .unwrap();
    node.sandbox.install(&corp).await.unwrap();
    // WeCom's time is in seconds: the reset is the later one. It is delivered first.
    node.sandbox.advance(Duration::from_secs(2));
    assert!(node.sandbox.reset_secret(&corp).await.unwrap().succeeded());
    until("both records are done", async || {
        node.record_statuses("reset_permanent_code").await == ["succeeded"]
            && node.record_statuses("create_auth").await == ["succeeded", "succeeded"]
    })
    .await;
    assert!(
        !node.is_valid(&token).await,
        "the corp authorized the app again"
    );
    // The secret is the reset's.
    node.sandbox.expire_tokens();
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
}

#[tokio::test]
async fn two_change_auth_of_one_second_are_both_read() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let asked = || {
        node.sandbox.calls("service/v2/get_auth_info") + node.sandbox.calls("service/get_auth_info")
    };
    until("the authorization was read once", async || asked() >= 1).await;
    let push = node.push_builder.post(
        SUITE,
        &suite_event(SUITE, "change_auth", now(), &[("AuthCorpId", &corp)]),
    );
    for time in 1..=3 {
        let before = asked();
        node.notify_until_done(&push, "change_auth").await;
        until("WeCom is called", async || asked() > before).await;
        assert_eq!(
            node.record_statuses("change_auth").await.len(),
            1,
            "one record, run {time} times"
        );
    }
}

#[tokio::test]
async fn replayed_unsubscribe_ends_no_later_session() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let first = node.issue_session(SUITE, &corp, &user).await;
    let event = app_event(&corp, "unsubscribe", now(), &[("FromUserName", &user)]);
    let gone = node.push_builder.post(&corp, &event);
    node.notify_until_done(&gone, "unsubscribe").await;
    until("the session is revoked", async || {
        !node.is_valid(&first).await
    })
    .await;
    let second = node.issue_session(SUITE, &corp, &user).await;
    let mut refused = node.notify_until_accepted(&gone).await;
    // Encrypted anew it is still the same event.
    refused += node
        .notify_until_accepted(&node.push_builder.post(&corp, &event))
        .await;
    assert!(node.is_valid(&second).await);
    assert_eq!(node.record_statuses("unsubscribe").await.len(), 1);
    until("both redeliveries are counted", async || {
        let records = node.records().await;
        let record = records
            .iter()
            .find(|record| record.event == "unsubscribe")
            .unwrap();
        (2..=2 + refused).contains(&usize::try_from(record.duplicates).unwrap())
    })
    .await;
}

#[tokio::test]
async fn replay_is_detected_after_its_record_was_deleted() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let gone = node.push_builder.unsubscribe(&corp, &user);
    node.notify_until_done(&gone, "unsubscribe").await;
    node.database
        .execute("DELETE FROM wecom_callback_record")
        .await;
    let token = node.issue_session(SUITE, &corp, &user).await;
    // A handle that remembers nothing.
    let later = node.second_handle().await;
    let answer = later
        .service()
        .notify(NotifyRequest::post(&gone.query, gone.body.clone()))
        .await;
    assert_eq!((answer.status, &*answer.body), (200, &b"success"[..]));
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_record")
            .await,
        0,
        "a redelivery is not a new event"
    );
    assert!(node.is_valid(&token).await);
    later.shutdown().await;
}
