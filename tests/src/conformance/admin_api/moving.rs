//! Moving in and out over the operator's API.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::{Value, json};
use wecom_login::MAX_IMPORT_BYTES;

use super::{all_pages, get, names_field, post};
use crate::app::ADMIN_KEY;
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::{TestApp, TestRequest, TestResponse, until};

const PERMANENT_CODE: &str = "the-permanent-code-of-an-old-table";

/// Sends lines to the import.
async fn send(app: &TestApp, query: &str, lines: impl Into<Vec<u8>>) -> TestResponse {
    let request = TestRequest::post(format!("/admin/api/import{query}")).body(lines);
    app.send_as_admin(request).await
}

async fn import(app: &TestApp, query: &str, lines: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let response = send(app, query, lines.join("\n")).await;
    assert!(
        !response.text().contains(PERMANENT_CODE),
        "{}",
        response.text()
    );
    response.success()["results"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    let status = |result: &Value| result["status"].as_str().unwrap().to_owned();
    let known = ["ok", "unchanged", "error"];
    results
        .iter()
        .map(|result| *known.iter().find(|word| **word == status(result)).unwrap())
        .collect()
}

pub(in crate::conformance) async fn admin_imports_lines_one_by_one(target: Target) {
    let app = target.app().start().await;
    let corp = app.open_corps().remove(1);
    let lines = [
        json!({"suiteId": SUITE, "corpId": corp, "permanentCode": PERMANENT_CODE, "agentId": 1_000_099, "orgCode": "moved-in"}),
        json!({"suiteId": SUITE, "corpId": corp, "thirdUserId": "zhangwei", "userId": "user-7"}),
        json!({"suiteId": SUITE, "corpId": corp, "thirdUserId": "zhangwei", "userId": "user-8"}),
        json!({"suiteId": SUITE, "corpId": corp, "thirdUserId": "lina"}),
        json!({"suiteId": "dkunknown", "corpId": corp, "permanentCode": PERMANENT_CODE}),
        json!({"suiteId": SUITE, "corpId": "wwnobody", "thirdUserId": "lina", "userId": "9"}),
        json!({"suiteId": SUITE, "corpId": "wwnobody", "orgCode": "x"}),
        json!({"suiteId": SUITE, "corpId": corp, "permanentCode": [PERMANENT_CODE]}),
        json!([PERMANENT_CODE]),
        json!({"suiteId": SUITE, "corpId": COMPANY_A, "orgCode": "a b"}),
    ];
    let expected = [
        "ok", "ok", "error", "error", "error", "error", "error", "error", "error", "error",
    ];
    let tried = import(&app, "?dryRun=true", &lines).await;
    assert_eq!(statuses(&tried), expected, "{tried:?}");
    assert_eq!(app.authorization_status(SUITE, &corp).await, "none");
    assert!(exported_bindings(&app, &corp).await.is_empty());

    let results = import(&app, "", &lines).await;
    assert_eq!(statuses(&results), expected, "{results:?}");
    let codes: Vec<&str> = results[2..]
        .iter()
        .map(|result| result["code"].as_str().unwrap())
        .collect();
    let params = "API_PARAMS_ERROR";
    assert_eq!(
        codes,
        [
            params,
            params,
            params,
            "CORP_NOT_FOUND",
            "CORP_NOT_FOUND",
            params,
            params,
            params
        ]
    );
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["line"], json!(index + 1));
    }
    let again = import(&app, "?dryRun=false", &lines[..2]).await;
    assert_eq!(statuses(&again), ["unchanged", "unchanged"]);
    let bound = exported_bindings(&app, &corp).await;
    assert_eq!(bound, [json!("user-7")]);
    let code = get(&app, &format!("corps/{corp}")).await.success();
    assert_eq!(code["orgCode"], "moved-in");

    // Another company has the code: nothing of the line is imported.
    let other = app.open_corps().remove(2);
    let taken =
        json!({"suiteId": SUITE, "corpId": other, "permanentCode": "x", "orgCode": "MOVED-in"});
    let results = import(&app, "", &[taken]).await;
    assert_eq!(results[0]["code"], "ORG_CODE_CONFLICT");
    assert_eq!(app.authorization_status(SUITE, &other).await, "none");
    // Another user is another binding.
    let rebound =
        json!({"suiteId": SUITE, "corpId": corp, "thirdUserId": "zhangwei", "userId": "user-8"});
    assert_eq!(statuses(&import(&app, "", &[rebound]).await), ["ok"]);
    assert_eq!(exported_bindings(&app, &corp).await, [json!("user-8")]);
    let audit = all_pages(&app, "audit", &format!("&corpId={corp}&suiteId={SUITE}")).await;
    let of = |action: &str| {
        audit
            .iter()
            .filter(|entry| entry["action"] == action)
            .count()
    };
    assert_eq!((of("corpImported"), of("codeSet")), (1, 1), "{audit:?}");
    assert_eq!(of("userBound"), 2, "{audit:?}");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_import_adds_ids_to_a_binding(target: Target) {
    let app = target.app().start().await;
    let line = |third_user_id: &str, user_id: &str| json!({"suiteId": SUITE, "corpId": COMPANY_A, "thirdUserId": third_user_id, "userId": user_id});
    let bound = [line("a", "1"), line("c", "3")];
    assert_eq!(statuses(&import(&app, "", &bound).await), ["ok", "ok"]);
    let mut with_ids = line("a", "1");
    with_ids["aliases"] = json!(["b"]);
    with_ids["encryptedUserId"] = json!("woA");
    let with_ids = [with_ids];
    for (query, expected) in [
        ("?dryRun=true", "ok"),
        ("", "ok"),
        ("?dryRun=true", "unchanged"),
        ("", "unchanged"),
    ] {
        let results = import(&app, query, &with_ids).await;
        assert_eq!(statuses(&results), [expected], "{results:?}");
    }
    // An id is one member's: another line does not take it.
    for (taken, user) in [("b", "3"), ("a", "3")] {
        let mut other = line("c", user);
        other["aliases"] = json!([taken]);
        let results = import(&app, "", &[other]).await;
        assert_eq!(results[0]["code"], "API_PARAMS_ERROR", "{results:?}");
    }
    let exported = all_pages_of_export(&app).await;
    let of_a = exported.iter().find(|line| line["userId"] == "1").unwrap();
    assert_eq!(
        (&of_a["aliases"], &of_a["encryptedUserId"]),
        (&json!(["b"]), &json!("woA"))
    );
    let audit = all_pages(&app, "audit", "&action=userBound").await;
    assert_eq!(audit.len(), 2, "{audit:?}");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_import_takes_back_nothing_that_is_newer(target: Target) {
    let app = target.app().start().await;
    let path = |action: &str| format!("corps/{COMPANY_A}/{action}");
    let code = app.sandbox.permanent_code(COMPANY_A, SUITE).unwrap();
    let line = |code: &str| json!({"suiteId": SUITE, "corpId": COMPANY_A, "permanentCode": code});
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for query in ["?dryRun=true", ""] {
        let results = import(&app, query, &[line(PERMANENT_CODE)]).await;
        assert_eq!(results[0]["code"], "API_PARAMS_ERROR", "{results:?}");
        let detail = results[0]["detail"].as_str().unwrap();
        assert!(detail.contains("newer permanent code"), "{detail}");
    }
    assert_eq!(app.hello_status(&token).await, 200);
    // What an administrator decided stays, unless a line says otherwise.
    for (decision, status) in [("hold", "held"), ("deny", "refused")] {
        post(&app, &path("decide"), json!({"decision": decision}))
            .await
            .assert_no_content();
        let results = import_of_code(&app, line(&code)).await;
        assert_eq!(statuses(&results), ["unchanged"], "{results:?}");
        assert_eq!(app.authorization_status(SUITE, COMPANY_A).await, status);
    }
    let mut active = line(&code);
    active["status"] = json!("active");
    assert_eq!(statuses(&import_of_code(&app, active).await), ["ok"]);
    assert_eq!(app.authorization_status(SUITE, COMPANY_A).await, "active");
    // The ids of two companies do not make them one.
    let open = app.open_corp();
    for query in ["?dryRun=true", ""] {
        let joined = json!({"suiteId": SUITE, "corpId": COMPANY_A, "aliases": [open]});
        let results = import(&app, query, &[joined]).await;
        assert_eq!(results[0]["code"], "API_PARAMS_ERROR", "{results:?}");
    }
    assert_eq!(app.authorization_status(SUITE, &open).await, "active");
    // Two lines give one code to two companies.
    let corps = app.open_corps();
    let of = |corp: &str| json!({"suiteId": SUITE, "corpId": corp, "permanentCode": PERMANENT_CODE, "orgCode": "One"});
    let lines = [of(&corps[1]), of(&corps[2]), of(&corps[1])];
    let results = import(&app, "?dryRun=true", &lines).await;
    assert_eq!(statuses(&results), ["ok", "error", "ok"], "{results:?}");
    assert_eq!(results[1]["code"], "ORG_CODE_CONFLICT");
    // Elsewhere a corp that has left would be active.
    assert!(app.sandbox.cancel(&open).await.unwrap().succeeded());
    until("the corp has left", async || {
        app.authorization_status(SUITE, &open).await == "cancelled"
    })
    .await;
    let exported = all_pages_of_export(&app).await;
    let is_corp = |line: &Value| line["corpId"] == *open && line.get("userId").is_none();
    assert!(!exported.iter().any(is_corp), "{exported:?}");
    app.stop().await;
}

/// The import of a line whose permanent code is the corp's own.
async fn import_of_code(app: &TestApp, line: Value) -> Vec<Value> {
    let response = send(app, "", line.to_string()).await.success();
    response["results"].as_array().unwrap().clone()
}

async fn exported_bindings(app: &TestApp, corp_id: &str) -> Vec<Value> {
    let exported = all_pages_of_export(app).await;
    exported
        .into_iter()
        .filter(|line| line["corpId"] == corp_id)
        .filter_map(|mut line| line.get_mut("userId").map(Value::take))
        .collect()
}

async fn all_pages_of_export(app: &TestApp) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(app, &format!("export?limit=2{after}")).await.success();
        all.extend(page["lines"].as_array().unwrap().iter().cloned());
        let Some(next) = page.get("next") else {
            return all;
        };
        after = format!("&after={}", next.as_str().unwrap());
    }
}

pub(in crate::conformance) async fn admin_exports_what_the_import_takes(target: Target) {
    let app = target.app().start().await;
    let _ = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    app.set_organization_code(COMPANY_A, "Company-A").await;
    let lines = all_pages_of_export(&app).await;
    let corp = lines
        .iter()
        .find(|line| line["corpId"] == COMPANY_A && line.get("userId").is_none())
        .unwrap();
    assert_eq!(corp["orgCode"], "Company-A");
    assert!(corp["agentId"].is_string() && corp.get("permanentCode").is_none());
    assert!(exported_bindings(&app, COMPANY_A).await[0].is_string());
    // Where it comes from all of it is known.
    let results = import(&app, "", &lines).await;
    assert!(
        results.iter().all(|result| result["status"] == "unchanged"),
        "{results:?}"
    );
    // The audit tells of each page, wherever it begins.
    let told = "SELECT COUNT(*) FROM wecom_audit WHERE action = 'exported'";
    let before = app.number(told).await;
    let bindings = get(&app, "export?after=WyJiaW5kaW5ncyJd").await.success();
    assert!(bindings["lines"][0]["userId"].is_string(), "{bindings}");
    assert_eq!(app.number(told).await, before + 1);
    names_field(&get(&app, "export?after=W10").await, "after");
    names_field(&get(&app, "export?limit=0").await, "limit");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_import_reads_little_of_whoever_is_unknown(
    target: Target,
) {
    const CHUNK: usize = 8 * 1024;
    let app = target.app().start().await;
    let read = Arc::new(AtomicUsize::new(0));
    for (key, expected) in [(None, 4 * CHUNK), (Some(ADMIN_KEY), usize::MAX)] {
        read.store(0, Ordering::Relaxed);
        let counted = Arc::clone(&read);
        let chunks = (0..100).map(move |_| {
            counted.fetch_add(CHUNK, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'\n'; CHUNK])))
        });
        // Nothing is drained after the answer over HTTP/2.
        let mut request = Request::post("/admin/api/import").version(Version::HTTP_2);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = StreamBody::new(futures_util::stream::iter(chunks));
        let response = app.login.respond(request.body(body).unwrap(), None).await;
        let status = response.unwrap().status();
        let read = read.load(Ordering::Relaxed);
        assert!(read <= expected, "{read} bytes were read");
        assert_eq!(status, if key.is_some() { 200 } else { 403 });
        assert!(key.is_none() || read == 100 * CHUNK);
    }
    app.stop().await;
}

pub(in crate::conformance) async fn admin_import_takes_a_mebibyte(target: Target) {
    let app = target.app().start().await;
    let blank = vec![b'\n'; MAX_IMPORT_BYTES];
    let response = send(&app, "", blank).await.success();
    assert_eq!(response, json!({"results": []}));
    let response = send(&app, "", vec![b'\n'; MAX_IMPORT_BYTES + 1]).await;
    response.assert_problem(413, "BODY_TOO_LARGE");
    names_field(&send(&app, "?dryRun=maybe", "").await, "dryRun");
    let lines = "x\n".repeat(20_001);
    let response = send(&app, "", lines).await;
    response.assert_problem(400, "API_PARAMS_ERROR");
    assert_eq!(
        send(&app, "", "not JSON").await.success()["results"][0]["code"],
        "API_PARAMS_ERROR"
    );
    app.stop().await;
}
