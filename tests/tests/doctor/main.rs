//! The doctor: each check is provoked through the sandbox or the database, and says what is wrong, since when, and what
//! helps.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod away;
mod console;
mod corps;
mod inbox;
mod limits;
mod nodes;
mod setup;
mod suites;

use serde_json::{Value, json};
use wecom_login::WecomLogin;
use wecom_login_tests::{TestApp, TestRequest, until};

/// Every check, as JSON.
async fn checks(login: &WecomLogin) -> Vec<Value> {
    let report = login.admin().doctor().await.unwrap();
    let report = serde_json::to_value(report).unwrap();
    let checks = report["checks"].as_array().unwrap().clone();
    let rank = |status: &Value| {
        ["ok", "warn", "fail"]
            .iter()
            .position(|word| status == word)
    };
    let worst = checks
        .iter()
        .filter_map(|check| rank(&check["status"]))
        .max();
    assert_eq!(rank(&report["status"]), worst, "{report}");
    for check in &checks {
        assert!(!check["detail"].as_str().unwrap().is_empty(), "{check}");
        assert!(
            check["status"] == "ok" || check["hint"].is_string() || is_unknown(check),
            "nothing helps: {check}"
        );
    }
    checks
}

fn is_unknown(check: &Value) -> bool {
    let detail = check["detail"].as_str().unwrap();
    check["id"] == "startWarning" || detail.starts_with("not known")
}

/// The checks of this kind.
async fn checks_of(login: &WecomLogin, id: &str) -> Vec<Value> {
    let all = checks(login).await;
    let of_kind: Vec<_> = all.into_iter().filter(|check| check["id"] == id).collect();
    assert!(!of_kind.is_empty(), "no check {id}");
    of_kind
}

/// The only check of this kind.
async fn check(app: &TestApp, id: &str) -> Value {
    let mut checks = checks_of(&app.login, id).await;
    assert_eq!(checks.len(), 1, "{checks:?}");
    checks.remove(0)
}

/// Asserts status, part of the detail, and part of the hint.
#[track_caller]
fn says(check: &Value, status: &str, detail: &str, hint: &str) {
    assert_eq!(check["status"], status, "{check}");
    assert!(
        check["detail"].as_str().unwrap().contains(detail),
        "{check}"
    );
    assert!(
        check["hint"].as_str().unwrap_or_default().contains(hint),
        "{check}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_service_is_ok_and_nobody_is_called() {
    let app = TestApp::builder().provider().start().await;
    let corp = app.install(0).await;
    let member = app.user(0, 0);
    let code = app.sandbox.code(&corp, &member).unwrap();
    let login = TestRequest::post("/loginByWorkbench");
    let login = login.json(&json!({"corpId": corp, "code": code}));
    // Over a socket: the doctor would say of others that they have no address.
    assert_eq!(app.send(login).await.status, 200);
    app.wait_until_done().await;
    // The background asks for the corp's other id after it authorized.
    until("the other id is asked for", async || {
        app.sandbox.calls("service/corpid_to_opencorpid") > 0
    })
    .await;
    let calls = app.sandbox.state()["calls"].clone();
    let all = checks(&app.login).await;
    assert_eq!(
        app.sandbox.state()["calls"],
        calls,
        "the doctor calls nobody"
    );
    let ids: Vec<&str> = all
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "database",
            "suiteTicket",
            "suiteToken",
            "providerToken",
            "instance",
            "corp",
            "wrongSecrets",
            "pausedRates",
            "failedRecords",
            "waitingRecords",
            "clock",
            "dataKeys",
            "migrations",
            "nodes",
            "addressAllowed",
            "wecomClock",
            "publicUrl",
            "proxies",
        ]
    );
    for check in &all {
        // The tests' URL is one of this machine.
        let expected = if check["id"] == "publicUrl" {
            "warn"
        } else {
            "ok"
        };
        assert_eq!(check["status"], expected, "{check}");
    }
    app.stop().await;
}
