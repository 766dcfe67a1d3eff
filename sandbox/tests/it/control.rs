//! The control API: responses and errors.

use serde_json::json;

use crate::harness::Harness;
use crate::mock_app::SUITE;

#[tokio::test]
async fn state_has_documented_shape() {
    let harness = Harness::start().await;
    let state = harness.get("/sandbox/state").await.json();
    assert_eq!(state["suites"][0]["suiteId"], SUITE);
    let corp = &state["corps"][0];
    assert_eq!(
        (&corp["corpId"], &corp["corpName"]),
        (&json!(harness.corp(0)), &json!("晨曦科技有限公司"))
    );
    assert_eq!(
        (&corp["agentId"], &corp["apps"]),
        (&json!("1000002"), &json!([]))
    );
    assert_eq!(corp["members"].as_array().unwrap().len(), 5);
    assert_eq!(
        corp["members"][0],
        json!({"userId": harness.user(0), "name": "张伟"})
    );
    assert_eq!(state["corps"].as_array().unwrap().len(), 3);
    assert_eq!(state["deliveries"][0]["event"], "suite_ticket");
    harness.sandbox.install(&harness.corp(0)).await.unwrap();
    let app = json!({
        "suiteId": SUITE, "agentId": "1000002", "status": "authorized", "corpId": harness.corp(0),
    });
    assert_eq!(harness.sandbox.state()["corps"][0]["apps"], json!([app]));
    harness.sandbox.cancel(&harness.corp(0)).await.unwrap();
    assert_eq!(
        harness.sandbox.state()["corps"][0]["apps"][0]["status"],
        "cancelled"
    );
}

#[tokio::test]
async fn invalid_requests_are_problems() {
    let harness = Harness::start().await;
    let corp = harness.corp(0);
    for (path, body, status) in [
        ("/sandbox/corps/nobody/install".to_owned(), json!({}), 404),
        (
            format!("/sandbox/corps/{corp}/install"),
            json!({"suiteId": "dkOther"}),
            404,
        ),
        (format!("/sandbox/corps/{corp}/explode"), json!({}), 404),
        (
            format!("/sandbox/corps/{corp}/install"),
            json!({"nonsense": 1}),
            400,
        ),
        (
            format!("/sandbox/corps/{corp}/install"),
            json!([1, 2, 3, 4]),
            400,
        ),
        (format!("/sandbox/corps/{corp}/change"), json!({}), 409),
        (format!("/sandbox/corps/{corp}/disable"), json!({}), 409),
        (format!("/sandbox/corps/{corp}/migrate"), json!({}), 409),
        (format!("/sandbox/corps/{corp}/cancel"), json!({}), 409),
        (
            format!("/sandbox/corps/{corp}/reset-secret"),
            json!({}),
            409,
        ),
        (
            format!("/sandbox/corps/{corp}/members/nobody/code"),
            json!({}),
            404,
        ),
        ("/sandbox/suites/dkOther/ticket".to_owned(), json!({}), 404),
        (
            "/sandbox/faults".to_owned(),
            json!({"api": "gettoken"}),
            400,
        ),
        (
            "/sandbox/faults".to_owned(),
            json!({"api": "gettoken", "times": 0, "errcode": 1}),
            400,
        ),
        (
            "/sandbox/settings".to_owned(),
            json!({"nonsense": true}),
            400,
        ),
        ("/sandbox/clock".to_owned(), json!({"advanceMs": -1}), 400),
        ("/sandbox/clock".to_owned(), json!({}), 400),
        (
            "/sandbox/notify".to_owned(),
            json!({"url": "http://example.com/"}),
            400,
        ),
        ("/sandbox/nonsense".to_owned(), json!({}), 404),
    ] {
        let answer = harness.post(&path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{path} {body}");
        assert!(!problem["title"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn every_action_responds_with_delivery() {
    let harness = Harness::start().await;
    let corp = format!("/sandbox/corps/{}", harness.corp(0));
    let user = format!("{corp}/members/{}", harness.user(1));
    for (path, event) in [
        (format!("/sandbox/suites/{SUITE}/ticket"), "suite_ticket"),
        (format!("{corp}/install"), "create_auth"),
        (format!("{corp}/change"), "change_auth"),
        (format!("{corp}/disable"), "change_auth"),
        (format!("{corp}/enable"), "change_auth"),
        (format!("{corp}/reset-secret"), "reset_permanent_code"),
        (format!("{user}/hide"), "change_auth"),
        (format!("{user}/show"), "change_auth"),
        (format!("{user}/disable"), "change_contact"),
        (format!("{user}/enable"), "change_contact"),
        (format!("{user}/unsubscribe"), "unsubscribe"),
        (format!("{user}/leave"), "change_contact"),
        (format!("{corp}/cancel"), "cancel_auth"),
    ] {
        let answer = harness.post(&path, json!({"suiteId": SUITE})).await;
        let answer = if path.starts_with("/sandbox/suites") {
            harness.post(&path, json!({})).await
        } else {
            answer
        };
        let pushed = answer.json();
        assert_eq!(
            (&pushed["event"], &pushed["status"]),
            (&json!(event), &json!(200)),
            "{path}"
        );
        assert_eq!(
            (&pushed["answer"], &pushed["attempts"]),
            (&json!("success"), &json!(1)),
            "{path}"
        );
        assert!(
            pushed["id"].is_u64() && pushed["durationMs"].is_u64(),
            "{pushed}"
        );
    }
}

#[tokio::test]
async fn settings_and_clock_respond_with_new_values() {
    let harness = Harness::start().await;
    let settings = harness
        .post("/sandbox/settings", json!({"retryNon200": true}))
        .await
        .json();
    assert_eq!(settings["retryNon200"], true);
    assert_eq!(harness.get("/sandbox/settings").await.json(), settings);
    let before = harness.get("/sandbox/clock").await.json()["now"]
        .as_i64()
        .unwrap();
    let after = harness
        .post("/sandbox/clock", json!({"advanceMs": 60_000}))
        .await
        .json()["now"]
        .as_i64()
        .unwrap();
    assert!(after - before >= 60_000);
}

#[tokio::test]
async fn state_counts_errors_by_path_and_errcode() {
    let harness = Harness::start().await;
    harness.authorize().await;
    for _ in 0..3 {
        assert_eq!(harness.gettoken("wrong").await["errcode"], 40001);
    }
    let fault = wecom_sandbox::Fault::for_api("gettoken").times(1);
    harness.sandbox.fault(fault.errcode(40001)).unwrap();
    assert_eq!(harness.gettoken("wrong").await["errcode"], 40001);
    assert_eq!(harness.call("nonsense").await["errcode"], 40066);
    assert_eq!(
        harness.sandbox.state()["errors"],
        json!({"gettoken": {"40001": 4}, "nonsense": {"40066": 1}})
    );
    assert_eq!(harness.sandbox.errors("gettoken", 40001), 4);
    assert_eq!(harness.sandbox.errors("gettoken", 40013), 0);
    assert_eq!(harness.sandbox.calls("gettoken"), 4);
}
