//! Moving in and out over the operator's API.

use serde_json::{Value, json};
use wecom_login::MAX_IMPORT_BYTES;

use super::{all_pages, get, names_field};
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::{TestApp, TestRequest, TestResponse};

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
    names_field(&get(&app, "export?after=W10").await, "after");
    names_field(&get(&app, "export?limit=0").await, "limit");
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
    assert_eq!(
        send(&app, "", "not JSON").await.success()["results"][0]["code"],
        "API_PARAMS_ERROR"
    );
    app.stop().await;
}
