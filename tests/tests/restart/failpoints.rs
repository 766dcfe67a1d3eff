//! The app dies at every step between the arrival of a push and the end of its work, and a new start goes on.

use std::sync::Arc;

use serde_json::{Value, json};
use wecom_login_tests::process::{ADMIN_KEY, AES_KEY, CrashHarness, TOKEN, for_some_at_once};
use wecom_login_tests::push::{PushBuilder, app_event};
use wecom_login_tests::{TestRequest, until};

use super::AXUM_APP;

const V2: &str = "service/v2/get_permanent_code";
/// What an event with an AuthCode passes, outside of the named window.
const WITH_AN_AUTH_CODE: [&str; 12] = [
    "inbox/arrived",
    "inbox/inserted",
    "inbox/stored",
    "worker/found",
    "worker/claimed",
    "exchange/token",
    "exchange/kept",
    "exchange/written",
    "exchange/stored",
    "admit/read",
    "admit/told",
    "worker/done",
];

async fn dies_and_the_company_comes_in(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    harness.install_and_abort(failpoint).await;
    harness.wait_until_active(1).await;
    harness.wait_until_done().await;
    assert_eq!(
        harness.record("create_auth").await["status"],
        "succeeded",
        "{failpoint}"
    );
    assert_eq!(
        harness.sandbox.calls(V2),
        2,
        "{failpoint}: each AuthCode is sent once"
    );
    assert_eq!(harness.epoch(1).await, 1, "{failpoint}: it is let in once");
    println!("died at {failpoint}: carried out once");
}

/// The AuthCode of this event is spent, and the record says so and what helps.
async fn says_what_helps(harness: &CrashHarness, event: &str) {
    until("the record has the error and its hint", async || {
        let record = harness.record(event).await;
        let says =
            |field: &str, what: &str| record[field].as_str().unwrap_or_default().contains(what);
        says("lastError", "40078") && says("hint", "重新获取secret")
    })
    .await;
    let record = harness.record(event).await["recordId"].clone();
    let retry = TestRequest::post("/auth/retryCallBack")
        .bearer(ADMIN_KEY)
        .json(&json!({"recordId": record}));
    let response = harness.app.try_send(retry).await.unwrap();
    assert!(response.status >= 400, "{}", response.status);
    assert_eq!(response.json()["errcode"], 40078);
    assert_eq!(harness.record(event).await["status"], "failed");
}

async fn dies_in_the_named_window(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    harness.install_and_abort(failpoint).await;
    says_what_helps(&harness, "create_auth").await;
    assert!(
        harness
            .sandbox
            .reset_secret(&harness.corps[1])
            .await
            .unwrap()
            .succeeded()
    );
    harness.wait_until_active(1).await;
    println!("died at {failpoint}: the named window; said so, and healed by 重新获取secret");
}

/// Dies while the secret of the first corp is reset, and starts again.
async fn reset_and_die(harness: &mut CrashHarness, failpoint: &str) {
    let (sandbox, corp) = (Arc::clone(&harness.sandbox), harness.corps[0].clone());
    harness
        .abort_during(
            failpoint,
            1,
            async move { sandbox.reset_secret(&corp).await },
        )
        .await;
}

/// The first corp has its second secret, with which WeCom answers, and its members are still in.
async fn has_the_new_secret(harness: &CrashHarness, login: &Value, failpoint: &str) {
    let read =
        "SELECT COUNT(*) FROM wecom_authorization WHERE secret_version = 2 AND read_at IS NOT NULL";
    until("WeCom answers to the new secret", async || {
        harness.database.number(read).await == 1
    })
    .await;
    harness.wait_until_done().await;
    assert_eq!(
        harness.record("reset_permanent_code").await["status"],
        "succeeded",
        "{failpoint}"
    );
    assert!(harness.is_active(0).await, "{failpoint}");
    assert_eq!(
        harness.epoch(0).await,
        1,
        "{failpoint}: nobody is let in anew"
    );
    harness.assert_hello_status(login, 200).await;
}

async fn dies_and_the_secret_is_reset(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let login = harness
        .log_in(&harness.sandbox.user_ids(&harness.corps[0])[0])
        .await;
    reset_and_die(&mut harness, failpoint).await;
    has_the_new_secret(&harness, &login, failpoint).await;
    assert_eq!(
        harness.sandbox.calls(V2),
        2,
        "{failpoint}: each AuthCode is sent once"
    );
    println!("died at {failpoint}: the secret was reset once");
}

async fn dies_in_the_named_window_of_a_reset(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let login = harness
        .log_in(&harness.sandbox.user_ids(&harness.corps[0])[0])
        .await;
    reset_and_die(&mut harness, failpoint).await;
    says_what_helps(&harness, "reset_permanent_code").await;
    harness.assert_hello_status(&login, 200).await;
    assert!(
        harness
            .sandbox
            .reset_secret(&harness.corps[0])
            .await
            .unwrap()
            .succeeded()
    );
    has_the_new_secret(&harness, &login, failpoint).await;
    println!(
        "died at {failpoint}: the named window of a reset; said so, and healed by another one"
    );
}

async fn dies_when_a_person_is_out(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let (corp, user) = (
        harness.corps[0].clone(),
        harness.sandbox.user_ids(&harness.corps[0])[0].clone(),
    );
    let event = app_event(
        &corp,
        "unsubscribe",
        1_700_000_000,
        &[("FromUserName", &user)],
    );
    let push = PushBuilder::new(TOKEN, AES_KEY).post(&corp, &event);
    let response = harness.app.try_send(push.request("/auth/notify")).await;
    harness.wait_until_aborted(failpoint).await;
    if let Some(response) = response {
        assert_eq!(
            (response.status, response.text()),
            (200, "success"),
            "{failpoint}"
        );
    }
    // However long the start takes, they come back before the lease of the dead is over.
    harness.set_lease_end("lease_until + 3600000").await;
    harness.restart(None).await;
    let login = harness.log_in(&user).await;
    harness.set_lease_end("0").await;
    harness.wait_until_done().await;
    let ended = "SELECT COALESCE(MAX(epoch), 0) FROM wecom_person";
    assert_eq!(
        harness.database.number(ended).await,
        1,
        "{failpoint}: their sessions were ended once"
    );
    // What was stored but not begun is begun at once, before or after they came back.
    if failpoint != "inbox/stored" {
        let status = if failpoint == "worker/claimed" {
            401
        } else {
            200
        };
        harness.assert_hello_status(&login, status).await;
    }
    println!("died at {failpoint}: a person's sessions were ended once");
}

async fn dies_when_a_company_cancels(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let (sandbox, corp) = (Arc::clone(&harness.sandbox), harness.corps[0].clone());
    let cancelling = tokio::spawn(async move { sandbox.cancel(&corp).await.unwrap() });
    harness.wait_until_aborted(failpoint).await;
    harness.restart(None).await;
    assert!(cancelling.await.unwrap().succeeded(), "{failpoint}");
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL";
    until("the data of the corp is erased", async || {
        harness.database.number(erased).await == 1
    })
    .await;
    harness.wait_until_done().await;
    assert!(!harness.is_active(0).await);
    assert_eq!(
        harness.epoch(0).await,
        3,
        "{failpoint}: let in, stopped and erased, each once"
    );
    println!("died at {failpoint}: cancelled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_authorizes_a_corp_once() {
    // Only a corp that comes in is decided on.
    let outside = [&WITH_AN_AUTH_CODE[..], &["admit/decided"]].concat();
    for_some_at_once(&outside, dies_and_the_company_comes_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_resets_the_secret_once() {
    for_some_at_once(&WITH_AN_AUTH_CODE, dies_and_the_secret_is_reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_exchange_and_commit_leaves_a_hint() {
    let window = ["exchange/answered"];
    for_some_at_once(&window, dies_in_the_named_window).await;
    for_some_at_once(&window, dies_in_the_named_window_of_a_reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_revokes_once() {
    let members = [
        "inbox/stored",
        "worker/claimed",
        "people/ended",
        "worker/done",
    ];
    let corps = [
        "inbox/stored",
        "worker/claimed",
        "cancel/stopped",
        "worker/done",
    ];
    for_some_at_once(&members, dies_when_a_person_is_out).await;
    for_some_at_once(&corps, dies_when_a_company_cancels).await;
}
