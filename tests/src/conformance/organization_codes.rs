//! `setCode`, and the lookup by organization code.

use std::time::Duration;

use serde_json::json;
use wecom_login::wecom::State;
use wecom_login::{CorpId, PermanentCode, SuiteId};

use super::Target;
use super::rows::has_fields;
use crate::app::TestApp;
use crate::auths::{COMPANY_A, SUITE};
use crate::{TestRequest, TestResponse, until};

async fn set(app: &TestApp, corp: &str, code: &str) -> TestResponse {
    app.send_as_admin(TestRequest::post("/setCode").json(&json!({"corpId": corp, "code": code})))
        .await
}

async fn find(app: &TestApp, code: &str) -> TestResponse {
    let by_code = app
        .send(TestRequest::get(format!(
            "/getLoginConfigByCode?code={code}"
        )))
        .await;
    let other_path = app
        .send(TestRequest::get(format!("/getLoginConfig?code={code}")))
        .await;
    assert_eq!(
        (by_code.status, &by_code.body),
        (other_path.status, &other_path.body)
    );
    by_code
}

pub(super) async fn organization_codes_ignore_case(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    set(&app, COMPANY_A, "Acme-01").await.assert_no_content();
    for code in ["Acme-01", "acme-01", "ACME-01"] {
        let found = find(&app, code).await.success();
        has_fields(&found, &["corpId", "agentId"]);
        let agent = app.sandbox.agent_id(COMPANY_A).unwrap().to_string();
        assert_eq!(found, json!({"corpId": COMPANY_A, "agentId": agent}));
    }
    set(&app, &open, "aCME-01")
        .await
        .assert_problem(409, "ORG_CODE_CONFLICT");
    let _ = find(&app, "acme-01").await.success();
    set(&app, COMPANY_A, "ACME-01").await.assert_no_content();
    let corps = app
        .send_as_admin(TestRequest::get("/corps"))
        .await
        .success();
    let corps = corps["corps"].as_array().unwrap();
    assert_eq!(corps.len(), 2);
    for corp in corps {
        for field in ["suiteId", "corpId", "corpName", "agentId", "status"] {
            assert!(
                corp[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field} of {corp}"
            );
        }
        assert_eq!(
            (&corp["suiteId"], &corp["status"]),
            (&json!(SUITE), &json!("active"))
        );
        let code = if corp["corpId"] == COMPANY_A {
            json!("ACME-01")
        } else {
            json!(null)
        };
        assert_eq!(corp["orgCode"], code);
        assert!(corp.get("brokenBy").is_none());
    }
    set(&app, COMPANY_A, "new").await.assert_no_content();
    find(&app, "acme-01")
        .await
        .assert_problem(404, "ORG_CODE_NOT_FOUND");
    set(&app, &open, "Acme-01").await.assert_no_content();
    assert_eq!(find(&app, "acme-01").await.success()["corpId"], open);
    assert_eq!(find(&app, "NEW").await.success()["corpId"], COMPANY_A);
    for code in ["a", &"x".repeat(64), "_-_", "0"] {
        set(&app, &open, code).await.assert_no_content();
        assert_eq!(find(&app, code).await.success()["corpId"], open);
    }
    app.stop().await;
}

pub(super) async fn organization_code_needs_an_authorized_corp(target: Target) {
    let app = target.app().start().await;
    let never = app.open_corps().remove(1);
    set(&app, &never, "never")
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    find(&app, "never")
        .await
        .assert_problem(404, "ORG_CODE_NOT_FOUND");
    set(&app, COMPANY_A, "gone").await.assert_no_content();
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    until("WeCom confirmed the end", async || {
        app.advance(Duration::from_secs(30));
        let gone = app.corp_summary(SUITE, COMPANY_A).await.unwrap();
        gone.org_code.is_none()
    })
    .await;
    find(&app, "gone")
        .await
        .assert_problem(404, "ORG_CODE_NOT_FOUND");
    set(&app, COMPANY_A, "gone")
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    // The corp is back within the time that its code stays for it.
    app.install_corp(SUITE, COMPANY_A).await;
    assert_eq!(find(&app, "gone").await.success()["corpId"], COMPANY_A);
    set(&app, &app.open_corp(), "gone")
        .await
        .assert_problem(409, "ORG_CODE_CONFLICT");
    // While it is gone, another corp may have the code, and keeps it. An event of the same second as the first
    // cancellation would be the same event again.
    app.sandbox.advance(Duration::from_secs(2));
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    until("the code is free", async || {
        app.advance(Duration::from_secs(30));
        set(&app, &app.open_corp(), "gone").await.status == 204
    })
    .await;
    app.install_corp(SUITE, COMPANY_A).await;
    assert_eq!(
        find(&app, "gone").await.success()["corpId"],
        app.open_corp()
    );
    app.stop().await;
}

pub(super) async fn unknown_agent_id_is_503(target: Target) {
    // Without a suite_ticket WeCom cannot be asked for the agentId.
    let app = target.app().without_push().start().await;
    let (suite, corp) = (
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(COMPANY_A).unwrap(),
    );
    let code = PermanentCode::new("permanent-code-from-before");
    app.login
        .admin()
        .import_authorization(&suite, &corp, code, None)
        .await
        .unwrap();
    set(&app, COMPANY_A, "early").await.assert_no_content();
    let found = find(&app, "early").await;
    found.assert_problem(503, "AGENT_UNKNOWN");
    assert!(found.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    let state = State::new("a").unwrap();
    let link = app
        .login
        .links()
        .workbench_link(&suite, &corp, "http://127.0.0.1/", &state)
        .await;
    assert!(
        link.unwrap_err().retry_after().is_some(),
        "by the link as well as by the route"
    );
    let config = app
        .send(TestRequest::get("/QywxProxyCompanyA/getLoginConfig"))
        .await
        .success();
    assert!(config.get("agentId").is_none());
    app.stop().await;
}
