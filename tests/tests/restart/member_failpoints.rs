//! Departure and rename of a member have two steps: the app aborts at each, and is restarted.

use std::sync::Arc;

use serde_json::json;
use wecom_login_tests::process::{CrashHarness, for_some_at_once};
use wecom_login_tests::until;

use super::AXUM_APP;

/// The failpoints that such an event passes. It passes `members/revoked` twice: before the binding is changed, for the
/// sessions there are, and after it, for logins that found the old binding.
const FAILPOINTS: [&str; 7] = [
    "inbox/arrived",
    "inbox/inserted",
    "inbox/stored",
    "worker/found",
    "worker/claimed",
    "members/revoked",
    "worker/done",
];
const MAX_EPOCH: &str = "SELECT MAX(epoch) FROM wecom_person";
const USERS: &str = "SELECT COUNT(*) FROM wecom_user";

fn aborts(failpoint: &str) -> usize {
    if failpoint == "members/revoked" { 2 } else { 1 }
}

async fn wait_until_executed(harness: &CrashHarness, failpoint: &str) {
    until("the event is executed", async || {
        harness.record("change_contact").await["status"] == "succeeded"
    })
    .await;
    assert_eq!(
        harness.database.number(MAX_EPOCH).await,
        2,
        "{failpoint}: each step was done once"
    );
}

async fn departs_after_abort(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let (corp, user) = (
        harness.corps[0].clone(),
        harness.sandbox.user_ids(&harness.corps[0])[0].clone(),
    );
    let login = harness.log_in(&user).await;
    let sandbox = Arc::clone(&harness.sandbox);
    // Whoever leaves is outside the visible range too, which is an event of its own.
    sandbox
        .change_settings(json!({"drop": ["unsubscribe"]}))
        .await
        .unwrap();
    harness
        .abort_during(failpoint, aborts(failpoint), async move {
            sandbox.leave(&corp, &user).await
        })
        .await;
    wait_until_executed(&harness, failpoint).await;
    harness.assert_hello_status(&login, 401).await;
    assert_eq!(
        harness.database.number(USERS).await,
        0,
        "{failpoint}: whoever has this userid next is somebody else"
    );
    println!("aborted at {failpoint}: a person left once");
}

async fn renames_after_abort(failpoint: &str) {
    let mut harness = CrashHarness::at(AXUM_APP, failpoint).await;
    let (corp, user) = (
        harness.corps[0].clone(),
        harness.sandbox.user_ids(&harness.corps[0])[0].clone(),
    );
    let (login, renamed) = (harness.log_in(&user).await, "the-new-userid");
    let sandbox = Arc::clone(&harness.sandbox);
    let renaming = async move { sandbox.rename(&corp, &user, renamed).await };
    harness
        .abort_during(failpoint, aborts(failpoint), renaming)
        .await;
    wait_until_executed(&harness, failpoint).await;
    harness.assert_hello_status(&login, 401).await;
    let again = harness.log_in(renamed).await;
    assert_eq!(
        again["userId"], login["userId"],
        "{failpoint}: they are who they were"
    );
    assert_eq!(harness.database.number(USERS).await, 1, "{failpoint}");
    harness.assert_hello_status(&again, 200).await;
    println!("aborted at {failpoint}: a person was renamed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_removes_a_member_once() {
    for_some_at_once(&FAILPOINTS, departs_after_abort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_any_step_renames_a_member_once() {
    for_some_at_once(&FAILPOINTS, renames_after_abort).await;
}
