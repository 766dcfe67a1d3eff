//! The app dies at every step between the arrival of a push and the end of its work, and a new start goes on.

use std::sync::Arc;

use serde_json::{Value, json};
use wecom_login_tests::forge::{Forge, app_event};
use wecom_login_tests::node::until;

use super::program::{ADMIN_KEY, AES_KEY, TOKEN, request};
use super::stage::{Stage, some_at_once};

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

async fn dies_and_the_company_comes_in(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    stage.install_and_die(place).await;
    stage.until_in(1).await;
    stage.until_done().await;
    assert_eq!(
        stage.record("create_auth").await["status"],
        "succeeded",
        "{place}"
    );
    assert_eq!(
        stage.sandbox.calls(V2),
        2,
        "{place}: each AuthCode is sent once"
    );
    assert_eq!(stage.epoch(1).await, 1, "{place}: it is let in once");
    println!("died at {place}: carried out once");
}

/// The AuthCode of this event is spent, and the record says so and what helps.
async fn says_what_helps(stage: &Stage, event: &str) {
    until("the record says so", async || {
        let record = stage.record(event).await;
        let says =
            |field: &str, what: &str| record[field].as_str().unwrap_or_default().contains(what);
        says("lastError", "40078") && says("hint", "重新获取secret")
    })
    .await;
    let record = stage.record(event).await["recordId"].clone();
    let body = json!({"recordId": record}).to_string();
    let (status, answer) = request(
        stage.app.addr,
        "POST",
        "/auth/retryCallBack",
        Some(ADMIN_KEY),
        body.as_bytes(),
    )
    .await
    .unwrap();
    assert!(status >= 400, "{status}");
    assert_eq!(
        serde_json::from_slice::<Value>(&answer).unwrap()["errcode"],
        40078
    );
    assert_eq!(stage.record(event).await["status"], "failed");
}

async fn dies_in_the_named_window(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    stage.install_and_die(place).await;
    says_what_helps(&stage, "create_auth").await;
    assert!(
        stage
            .sandbox
            .reset_secret(&stage.corps[1])
            .await
            .unwrap()
            .succeeded()
    );
    stage.until_in(1).await;
    println!("died at {place}: the named window; said so, and healed by 重新获取secret");
}

/// Dies while the secret of the first company is reset, and starts again.
async fn reset_and_die(stage: &mut Stage, place: &str) {
    let (sandbox, corp) = (Arc::clone(&stage.sandbox), stage.corps[0].clone());
    stage
        .die_over(place, 1, async move { sandbox.reset_secret(&corp).await })
        .await;
}

/// The first company has its second secret, with which WeCom answers, and its people are still in.
async fn has_the_new_secret(stage: &Stage, login: &Value, place: &str) {
    let read =
        "SELECT COUNT(*) FROM wecom_authorization WHERE secret_version = 2 AND read_at IS NOT NULL";
    until("WeCom answers to the new secret", async || {
        stage.database.number(read).await == 1
    })
    .await;
    stage.until_done().await;
    assert_eq!(
        stage.record("reset_permanent_code").await["status"],
        "succeeded",
        "{place}"
    );
    assert!(stage.is_in(0).await, "{place}");
    assert_eq!(stage.epoch(0).await, 1, "{place}: nobody is let in anew");
    stage.says(login, 200).await;
}

async fn dies_and_the_secret_is_reset(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let login = stage
        .log_in(&stage.sandbox.user_ids(&stage.corps[0])[0])
        .await;
    reset_and_die(&mut stage, place).await;
    has_the_new_secret(&stage, &login, place).await;
    assert_eq!(
        stage.sandbox.calls(V2),
        2,
        "{place}: each AuthCode is sent once"
    );
    println!("died at {place}: the secret was reset once");
}

async fn dies_in_the_named_window_of_a_reset(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let login = stage
        .log_in(&stage.sandbox.user_ids(&stage.corps[0])[0])
        .await;
    reset_and_die(&mut stage, place).await;
    says_what_helps(&stage, "reset_permanent_code").await;
    stage.says(&login, 200).await;
    assert!(
        stage
            .sandbox
            .reset_secret(&stage.corps[0])
            .await
            .unwrap()
            .succeeded()
    );
    has_the_new_secret(&stage, &login, place).await;
    println!("died at {place}: the named window of a reset; said so, and healed by another one");
}

async fn dies_when_a_person_is_out(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (corp, user) = (
        stage.corps[0].clone(),
        stage.sandbox.user_ids(&stage.corps[0])[0].clone(),
    );
    let event = app_event(
        &corp,
        "unsubscribe",
        1_700_000_000,
        &[("FromUserName", &user)],
    );
    let push = Forge::new(TOKEN, AES_KEY).post(&corp, &event);
    let target = format!("/auth/notify?{}", push.query);
    let answer = request(stage.app.addr, "POST", &target, None, &push.body).await;
    stage.until_dead(place).await;
    if answer.is_some() {
        assert_eq!(answer, Some((200, b"success".to_vec())), "{place}");
    }
    // However long the start takes, they come back before the lease of the dead is over.
    stage.leases_end("lease_until + 3600000").await;
    stage.restart(None).await;
    let login = stage.log_in(&user).await;
    stage.leases_end("0").await;
    stage.until_done().await;
    let ended = "SELECT COALESCE(MAX(epoch), 0) FROM wecom_person";
    assert_eq!(
        stage.database.number(ended).await,
        1,
        "{place}: their sessions were ended once"
    );
    // What was stored but not begun is begun at once, before or after they came back.
    if place != "inbox/stored" {
        let status = if place == "worker/claimed" { 401 } else { 200 };
        stage.says(&login, status).await;
    }
    println!("died at {place}: a person's sessions were ended once");
}

async fn dies_when_a_company_cancels(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (sandbox, corp) = (Arc::clone(&stage.sandbox), stage.corps[0].clone());
    let cancelling = tokio::spawn(async move { sandbox.cancel(&corp).await.unwrap() });
    stage.until_dead(place).await;
    stage.restart(None).await;
    assert!(cancelling.await.unwrap().succeeded(), "{place}");
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL";
    until("its data is gone", async || {
        stage.database.number(erased).await == 1
    })
    .await;
    stage.until_done().await;
    assert!(!stage.is_in(0).await);
    assert_eq!(
        stage.epoch(0).await,
        3,
        "{place}: let in, stopped and erased, each once"
    );
    println!("died at {place}: cancelled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_an_acknowledged_authorisation_is_carried_out_once() {
    // Only a company that comes in is decided on.
    let outside = [&WITH_AN_AUTH_CODE[..], &["admit/decided"]].concat();
    some_at_once(&outside, dies_and_the_company_comes_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_a_reset_of_the_secret_is_carried_out_once() {
    some_at_once(&WITH_AN_AUTH_CODE, dies_and_the_secret_is_reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_wecoms_answer_and_the_commit_the_record_says_what_helps() {
    let window = ["exchange/answered"];
    some_at_once(&window, dies_in_the_named_window).await;
    some_at_once(&window, dies_in_the_named_window_of_a_reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_an_end_is_carried_out_once() {
    let people = [
        "inbox/stored",
        "worker/claimed",
        "people/ended",
        "worker/done",
    ];
    let companies = [
        "inbox/stored",
        "worker/claimed",
        "cancel/stopped",
        "worker/done",
    ];
    some_at_once(&people, dies_when_a_person_is_out).await;
    some_at_once(&companies, dies_when_a_company_cancels).await;
}
