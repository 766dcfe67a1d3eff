//! Fault injection.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use wecom_sandbox::Fault;

use crate::harness::{Harness, send};

#[tokio::test]
async fn fault_applies_to_given_number_of_calls() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let before = harness.sandbox.calls("gettoken");
    let fault = json!({"api": "gettoken", "times": 2, "errcode": 45009});
    assert_eq!(harness.post("/sandbox/faults", fault).await.status, 200);
    for _ in 0..2 {
        assert_eq!(harness.gettoken(&secret).await["errcode"], 45009);
    }
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
    assert_eq!(harness.sandbox.calls("gettoken"), before + 3);
    assert_eq!(
        harness.get("/sandbox/state").await.json()["calls"]["gettoken"],
        before + 3
    );
}

#[tokio::test]
async fn fault_without_times_lasts_until_cleared() {
    let harness = Harness::start().await;
    harness
        .sandbox
        .fault(Fault::for_api("/cgi-bin/gettoken").http_status(502))
        .unwrap();
    for _ in 0..3 {
        assert_eq!(harness.get("/cgi-bin/gettoken").await.status, 502);
    }
    assert_eq!(
        harness.call("getcallbackip").await["errcode"],
        41001,
        "other calls are unaffected"
    );
    let faults = format!("{}/sandbox/faults", harness.sandbox.url());
    assert_eq!(
        send(Method::DELETE, &faults, &[], String::new())
            .await
            .status,
        200
    );
    assert_eq!(harness.call("gettoken").await["errcode"], 41002);
}

#[tokio::test]
async fn wildcard_fault_delays_any_call() {
    let harness = Harness::start().await;
    harness
        .sandbox
        .fault(Fault::for_api("*").delay_ms(50).times(1))
        .unwrap();
    let started = Instant::now();
    assert_eq!(harness.call("gettoken").await["errcode"], 41002);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn fault_consumes_no_code_unless_after() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let code = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    harness
        .sandbox
        .fault(Fault::for_api("auth/getuserinfo").errcode(-1).times(1))
        .unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], -1);
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 0);
    let code = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    harness
        .sandbox
        .fault(
            Fault::for_api("auth/getuserinfo")
                .errcode(-1)
                .times(1)
                .after(),
        )
        .unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], -1);
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 40029);
}

#[tokio::test]
async fn caller_outside_ip_allow_list_is_60020() {
    let harness = Harness::start().await;
    harness
        .sandbox
        .change_settings(json!({"ipAllowList": ["10.0.0.1"]}))
        .await
        .unwrap();
    assert_eq!(harness.call("gettoken").await["errcode"], 60020);
    harness
        .sandbox
        .change_settings(json!({"ipAllowList": ["127.0.0.1"]}))
        .await
        .unwrap();
    assert_eq!(harness.call("gettoken").await["errcode"], 41002);
}
