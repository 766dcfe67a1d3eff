//! The app aborts at every step between the arrival of a push and the end of its work, and is restarted.

use std::sync::Arc;

use serde_json::{Value, json};
use wecom_login_tests::process::{ADMIN_KEY, AES_KEY, CrashHarness, TOKEN, for_some_at_once};
use wecom_login_tests::push::{PushBuilder, app_event};
use wecom_login_tests::{TestRequest, until};

use super::AXUM_APP;

const V2: &str = "service/v2/get_permanent_code";
/// The failpoints of an event with an AuthCode, outside of the exchange window.
const AUTH_CODE_FAILPOINTS: [&str; 12] = [
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
    "admit/reviewed",
    "worker/done",
];

async fn authorizes_after_abort(failpoint: &str) {
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
    println!("aborted at {failpoint}: carried out once");
}

/// Asserts that the AuthCode is used and that the record has the error and its hint.
async fn assert_spent_code_hint(harness: &CrashHarness, event: &str) {
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

async fn hints_after_abort_in_the_exchange_window(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    harness.install_and_abort(failpoint).await;
    assert_spent_code_hint(&harness, "create_auth").await;
    assert!(
        harness
            .sandbox
            .reset_secret(&harness.corps[1])
            .await
            .unwrap()
            .succeeded()
    );
    harness.wait_until_active(1).await;
    println!("aborted at {failpoint}: the exchange window: hinted, and healed by 重新获取secret");
}

/// Aborts while the secret of the first corp is reset, and is restarted.
async fn reset_and_abort(harness: &mut CrashHarness, failpoint: &str) {
    let (sandbox, corp) = (Arc::clone(&harness.sandbox), harness.corps[0].clone());
    harness
        .abort_during(
            failpoint,
            1,
            async move { sandbox.reset_secret(&corp).await },
        )
        .await;
}

/// Asserts that WeCom accepts the second secret of the first corp, and that sessions stay valid.
async fn assert_secret_reset(harness: &CrashHarness, login: &Value, failpoint: &str) {
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

async fn resets_secret_after_abort(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let login = harness
        .log_in(&harness.sandbox.user_ids(&harness.corps[0])[0])
        .await;
    reset_and_abort(&mut harness, failpoint).await;
    assert_secret_reset(&harness, &login, failpoint).await;
    assert_eq!(
        harness.sandbox.calls(V2),
        2,
        "{failpoint}: each AuthCode is sent once"
    );
    println!("aborted at {failpoint}: the secret was reset once");
}

async fn hints_after_abort_in_the_reset_window(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let login = harness
        .log_in(&harness.sandbox.user_ids(&harness.corps[0])[0])
        .await;
    reset_and_abort(&mut harness, failpoint).await;
    assert_spent_code_hint(&harness, "reset_permanent_code").await;
    harness.assert_hello_status(&login, 200).await;
    assert!(
        harness
            .sandbox
            .reset_secret(&harness.corps[0])
            .await
            .unwrap()
            .succeeded()
    );
    assert_secret_reset(&harness, &login, failpoint).await;
    println!(
        "aborted at {failpoint}: the exchange window of a reset: hinted, and healed by another reset"
    );
}

async fn unsubscribes_after_abort(failpoint: &str) {
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
    // The member logs in again before the lease of the dead process expires.
    harness.set_lease_end("lease_until + 45000").await;
    harness.restart(None).await;
    if failpoint == "inbox/stored" {
        // Nobody holds this record: it runs at once, and would refuse a login that it overtakes.
        harness.wait_until_done().await;
    }
    let login = harness.log_in(&user).await;
    harness.set_lease_end("0").await;
    harness.wait_until_done().await;
    let ended = "SELECT COALESCE(MAX(epoch), 0) FROM wecom_person";
    assert_eq!(
        harness.database.number(ended).await,
        1,
        "{failpoint}: their sessions were ended once"
    );
    let status = if failpoint == "worker/claimed" {
        401
    } else {
        200
    };
    harness.assert_hello_status(&login, status).await;
    println!("aborted at {failpoint}: a person's sessions were ended once");
}

async fn cancels_after_abort(failpoint: &str) {
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
    println!("aborted at {failpoint}: cancelled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_authorizes_a_corp_once() {
    // Only a new authorization is reviewed.
    let outside = [&AUTH_CODE_FAILPOINTS[..], &["admit/decided"]].concat();
    for_some_at_once(&outside, authorizes_after_abort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_resets_the_secret_once() {
    for_some_at_once(&AUTH_CODE_FAILPOINTS, resets_secret_after_abort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_exchange_and_commit_leaves_a_hint() {
    let window = ["exchange/answered"];
    for_some_at_once(&window, hints_after_abort_in_the_exchange_window).await;
    for_some_at_once(&window, hints_after_abort_in_the_reset_window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_revokes_once() {
    let members = [
        "inbox/stored",
        "worker/claimed",
        "members/revoked",
        "worker/done",
    ];
    let corps = [
        "inbox/stored",
        "worker/claimed",
        "cancel/stopped",
        "worker/done",
    ];
    for_some_at_once(&members, unsubscribes_after_abort).await;
    for_some_at_once(&corps, cancels_after_abort).await;
}
