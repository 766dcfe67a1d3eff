//! `callbackRecords` and `retryCallBack`.

use serde_json::{Value, json};
use wecom_sandbox::Fault;

use super::Target;
use crate::app::TestApp;
use crate::auths::{COMPANY_A, SUITE};
use crate::push::Push;
use crate::until;
use crate::{TestRequest, TestResponse};

/// An AuthCode of the right form that WeCom never issued.
const NO_SUCH_CODE: &str =
    "no-such-code-no-such-code-no-such-code-no-such-code-no-such-code-no-such-code";

async fn retry(app: &TestApp, record: &Value) -> TestResponse {
    app.send_as_admin(
        TestRequest::post("/retryCallBack").json(&json!({"recordId": record["recordId"]})),
    )
    .await
}

/// The record of this event, once it is in this state.
async fn record_of(app: &TestApp, event: &str, status: &str) -> Value {
    let find = async || {
        let records = app.list_records("limit=500").await;
        records
            .into_iter()
            .find(|record| record["event"] == event && record["status"] == status)
    };
    let found = std::sync::Mutex::new(None);
    until(&format!("{event} is {status}"), async || {
        let record = find().await;
        *found.lock().unwrap() = record;
        found.lock().unwrap().is_some()
    })
    .await;
    found.into_inner().unwrap().unwrap()
}

pub(super) async fn records_are_paged_and_filtered(target: Target) {
    let app = target.app().without_push().start().await;
    assert!(app.list_records("").await.is_empty());
    for number in 0..60 {
        let push = Push::suite_event(
            SUITE,
            &format!("other_{number}"),
            number,
            &[("Secret", "hush-hush")],
        );
        assert_eq!(app.post_push(&push).await.text(), "success");
    }
    let all = app.list_records("limit=500").await;
    assert_eq!(all.len(), 60);
    assert_eq!(app.list_records("").await.len(), 50);
    assert_eq!(app.list_records("limit=501").await.len(), 60);
    let ids: Vec<i64> = all
        .iter()
        .map(|record| record["recordId"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(
        ids.is_sorted_by(|newer, older| newer > older),
        "newest first"
    );
    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = app.list_records(&format!("limit=25{before}")).await;
        let Some(last) = page.last() else { break };
        before = format!("&before={}", last["recordId"].as_str().unwrap());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let newest = &all[0];
    assert_eq!(newest["event"], "other_59");
    assert_eq!(
        (&newest["suiteId"], &newest["status"]),
        (&json!(SUITE), &json!("ignored"))
    );
    assert_eq!(
        (&newest["attempts"], &newest["duplicates"]),
        (&json!(0), &json!(0))
    );
    assert!(newest["receivedAt"].is_i64());
    for field in newest.as_object().unwrap().keys() {
        let known = [
            "recordId",
            "suiteId",
            "corpId",
            "event",
            "status",
            "attempts",
            "duplicates",
            "receivedAt",
            "deadline",
            "lastError",
            "hint",
        ];
        assert!(known.contains(&field.as_str()), "{field}");
    }
    assert!(
        !json!(all).to_string().contains("hush-hush"),
        "a record exposes nothing of the event"
    );
    assert_eq!(app.list_records("status=ignored&limit=3").await, all[..3]);
    for status in ["waiting", "running", "succeeded", "failed"] {
        assert!(
            app.list_records(&format!("status={status}"))
                .await
                .is_empty()
        );
    }
    app.stop().await;
}

pub(super) async fn retry_runs_only_unfinished_records(target: Target) {
    let app = target.app().start().await;
    let succeeded = record_of(&app, "create_auth", "succeeded").await;
    let exchanges = app.sandbox.calls("service/v2/get_permanent_code");
    retry(&app, &succeeded).await.assert_no_content();
    let by_number =
        json!({"recordId": succeeded["recordId"].as_str().unwrap().parse::<i64>().unwrap()});
    app.send_as_admin(TestRequest::post("/retryCallBack").json(&by_number))
        .await
        .assert_no_content();
    assert_eq!(
        app.sandbox.calls("service/v2/get_permanent_code"),
        exchanges,
        "no call was left to do"
    );
    app.post_push(&Push::suite_event(SUITE, "other", 1, &[]))
        .await;
    retry(&app, &record_of(&app, "other", "ignored").await)
        .await
        .assert_no_content();

    // Issued after every other AuthCode: a newer one would supersede it.
    let seconds = app.now_millis() / 1000 + 1;
    let push = Push::suite_event(
        SUITE,
        "reset_permanent_code",
        seconds,
        &[("AuthCode", NO_SUCH_CODE)],
    );
    assert_eq!(app.post_push(&push).await.text(), "success");
    let failed = record_of(&app, "reset_permanent_code", "failed").await;
    assert!(
        failed["lastError"]
            .as_str()
            .is_some_and(|error| error.contains("40078")),
        "{failed}"
    );
    assert!(
        failed["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("重新获取secret")),
        "{failed}"
    );
    assert!(failed["deadline"].is_i64(), "{failed}");
    assert!(!failed.to_string().contains("no-such-code"), "{failed}");
    let again = retry(&app, &failed).await;
    again.assert_problem(502, "UPSTREAM_ERROR");
    assert_eq!(again.json()["errcode"], 40078);
    // A redelivery of the same push retries it, too.
    let attempts = record_of(&app, "reset_permanent_code", "failed").await["attempts"]
        .as_i64()
        .unwrap();
    assert_eq!(app.post_push(&push).await.text(), "success");
    until("the failed record is tried again", async || {
        let records = app.list_records("limit=500").await;
        records.iter().any(|record| {
            record["event"] == "reset_permanent_code"
                && record["attempts"].as_i64().unwrap() > attempts
        })
    })
    .await;
    app.stop().await;
}

pub(super) async fn retry_of_a_running_record_is_409(target: Target) {
    let app = target.app().start().await;
    let corp = app.open_corps().remove(1);
    // The record runs while WeCom delays its answer. A machine under load may miss that, but not each time.
    let mut missed = 0;
    loop {
        app.sandbox
            .fault(
                Fault::for_api("service/v2/get_permanent_code")
                    .delay_ms(1500)
                    .times(1),
            )
            .unwrap();
        let before = app.list_records("limit=500").await.len();
        until("the push is accepted", async || {
            app.sandbox
                .install_suite(&corp, SUITE)
                .await
                .unwrap()
                .succeeded()
        })
        .await;
        let newest = async || app.list_records("limit=1").await.remove(0);
        until("the record is running", async || {
            app.list_records("limit=500").await.len() > before
                && newest().await["status"] != "waiting"
        })
        .await;
        let record = newest().await;
        let reply = retry(&app, &record).await;
        if reply.status == 409 {
            reply.assert_problem(409, "RECORD_BUSY");
            let records = app.settled_records().await;
            assert!(
                records.iter().all(|record| record["status"] == "succeeded"),
                "{records:?}"
            );
            retry(&app, &record).await.assert_no_content();
            break;
        }
        reply.assert_no_content();
        missed += 1;
        assert!(missed < 5, "no retry met a running record");
    }
    app.stop().await;
}

pub(super) async fn missing_suite_ticket_is_503_with_a_hint(target: Target) {
    let app = target.app().without_push().start().await;
    let seconds = app.now_millis() / 1000;
    let push = Push::suite_event(SUITE, "create_auth", seconds, &[("AuthCode", NO_SUCH_CODE)]);
    assert_eq!(app.post_push(&push).await.text(), "success");
    until("the worker has tried", async || {
        let records = app.list_records("status=waiting").await;
        records.iter().any(|record| record["attempts"] == 1)
    })
    .await;
    let waiting = record_of(&app, "create_auth", "waiting").await;
    assert!(
        waiting["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("suite_ticket")),
        "{waiting}"
    );
    // The status may be stored shortly before the in-flight marker is cleared.
    retry(&app, &waiting)
        .await
        .assert_problem(503, "SUITE_TICKET_MISSING");
    assert_eq!(
        app.sandbox.calls("service/get_suite_token"),
        0,
        "WeCom is not called without a suite_ticket"
    );
    // The arrival of the suite_ticket wakes the waiting record.
    let notify = format!("http://{}{}/notify", app.address(), target.layout.prefix());
    app.sandbox.set_notify(&notify).unwrap();
    // The AuthCode was never sent before, so that WeCom's refusal is final.
    let failed = record_of(&app, "create_auth", "failed").await;
    assert!(
        failed["lastError"]
            .as_str()
            .is_some_and(|error| error.contains("40078")),
        "{failed}"
    );
    app.install_corp(SUITE, COMPANY_A).await;
    app.stop().await;
}
