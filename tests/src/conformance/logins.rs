//! Logins by instance and corp.

use std::collections::BTreeSet;

use serde_json::json;
use wecom_login::{CorpDecision, CorpInfo, Hooks};
use wecom_sandbox::Fault;

use super::Target;
use crate::app::TestApp;
use crate::auths::{CLOSED, CODES_OFF, CODES_STATE, COMPANY_A, SECOND_SUITE, SUITE};
use crate::push::Push;
use crate::{TestRequest, TestResponse};

async fn login_code(app: &TestApp, instance: &str, corp: &str, code: &str) -> TestResponse {
    let body = json!({"corpId": corp, "code": code});
    app.send(TestRequest::post(format!("/{instance}/getLoginCode")).json(&body))
        .await
}

async fn workbench(app: &TestApp, corp: &str, code: &str) -> TestResponse {
    app.send(TestRequest::post("/loginByWorkbench").json(&json!({"corpId": corp, "code": code})))
        .await
}

pub(super) async fn workbench_login_picks_the_instance_of_the_corp(target: Target) {
    let app = target.app().start().await;
    for (corp, instance) in [
        (COMPANY_A.to_owned(), "auths.QywxProxyCompanyA"),
        (app.open_corp(), "auths.QywxProxyDefault"),
    ] {
        let member = app.member(&corp);
        // Without a content type, as curl sends it.
        let body = json!({"corpId": corp, "code": app.code(&corp, &member), "platform": "mobile"});
        let result = app
            .send(TestRequest::post("/loginByWorkbench").body(body.to_string()))
            .await;
        assert_eq!(result.header("set-cookie"), None);
        let result = result.success();
        assert_eq!(
            (&result["platform"], &result["corpId"]),
            (&json!("mobile"), &json!(corp))
        );
        assert_eq!(result["user"]["thirdUserId"], member);
        let me = app
            .send(TestRequest::get("/me").bearer(result["token"].as_str().unwrap()))
            .await
            .success();
        assert_eq!(me["session"]["loginType"], "workbench");
        assert_eq!(me["session"]["instance"], instance);
        let again = app
            .send(TestRequest::post("/loginByWorkbench").json(&body))
            .await;
        again.assert_problem(401, "CODE_INVALID");
        assert_eq!(again.json()["errcode"], 40029, "a used code is WeCom's no");
    }
    app.stop().await;
}

pub(super) async fn instance_and_corp_must_match(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let calls = app.sandbox.calls("auth/getuserinfo");
    let code = app.code(&open, &app.member(&open));
    login_code(&app, "QywxProxyCompanyA", &open, &code)
        .await
        .assert_problem(403, "CORP_MISMATCH");
    login_code(&app, "Second", &open, &code)
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        calls,
        "no code was spent"
    );
    let _ = login_code(&app, "QywxProxyDefault", &open, &code)
        .await
        .success();
    // A pinned corp may also use the unpinned instance, as long as its own instance is active.
    let code = app.code(COMPANY_A, &app.member(COMPANY_A));
    let _ = login_code(&app, "QywxProxyDefault", COMPANY_A, &code)
        .await
        .success();
    // One corp's code with another corp's id.
    let code = app.code(COMPANY_A, &app.member(COMPANY_A));
    let crossed = workbench(&app, &open, &code).await;
    crossed.assert_problem(401, "CODE_INVALID");
    assert_eq!(crossed.json()["errcode"], 40029);
    app.stop().await;
}

pub(super) async fn inactive_instance_disables_logins_but_not_callbacks(target: Target) {
    let app = target.app().authorized(&[(SUITE, CLOSED)]).start().await;
    let code = app.code(CLOSED, &app.member(CLOSED));
    for instance in ["Closed", "QywxProxyDefault"] {
        login_code(&app, instance, CLOSED, &code)
            .await
            .assert_problem(403, "LOGIN_DISABLED");
    }
    workbench(&app, CLOSED, &code)
        .await
        .assert_problem(403, "LOGIN_DISABLED");
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        0,
        "no code was spent"
    );
    let set = TestRequest::post("/setCode").json(&json!({"corpId": CLOSED, "code": "closed"}));
    app.send_as_admin(set).await.assert_no_content();
    for route in ["/getLoginConfigByCode", "/getLoginConfig"] {
        app.send(TestRequest::get(format!("{route}?code=closed")))
            .await
            .assert_problem(403, "LOGIN_DISABLED");
    }
    let config = app
        .send(TestRequest::get("/Closed/getLoginConfig"))
        .await
        .success();
    assert_eq!(
        (&config["isActive"], &config["corpId"]),
        (&json!(false), &json!(CLOSED))
    );
    assert!(config["agentId"].is_string());
    let push = Push::suite_event(SUITE, "reserved", 1, &[]).path("/Closed/notify");
    assert_eq!(
        app.post_push(&push).await.text(),
        "success",
        "callbacks are still accepted"
    );
    app.stop().await;
}

pub(super) async fn code_login_off_disables_json_logins(target: Target) {
    let app = target
        .app()
        .authorized(&[(SUITE, CODES_OFF), (SUITE, CODES_STATE)])
        .start()
        .await;
    for (corp, instance) in [(CODES_OFF, "group.CodesOff"), (CODES_STATE, "CodesState")] {
        let code = app.code(corp, &app.member(corp));
        login_code(&app, instance, corp, &code)
            .await
            .assert_problem(403, "LOGIN_DISABLED");
        workbench(&app, corp, &code)
            .await
            .assert_problem(403, "LOGIN_DISABLED");
    }
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        0,
        "no code was spent"
    );
    app.stop().await;
}

/// Defers every corp but company A.
struct OnlyCompanyA;

impl Hooks for OnlyCompanyA {
    async fn review_authorization(&self, corp: &CorpInfo) -> wecom_login::Result<CorpDecision> {
        Ok(if corp.corp_id.as_str() == COMPANY_A {
            CorpDecision::Approve
        } else {
            CorpDecision::Defer
        })
    }
}

pub(super) async fn unauthorized_corps_are_indistinguishable(target: Target) {
    let setup = target
        .app()
        .authorized(&[(SUITE, COMPANY_A)])
        .configure(|builder| builder.hooks(OnlyCompanyA));
    let app = setup.start().await;
    let corps = app.open_corps();
    let (held, never, cancelled) = (&corps[0], &corps[1], &corps[2]);
    for corp in [held, cancelled] {
        assert!(
            app.sandbox
                .install_suite(corp, SUITE)
                .await
                .unwrap()
                .succeeded()
        );
    }
    app.settled_records().await;
    assert!(app.sandbox.cancel(cancelled).await.unwrap().succeeded());
    app.settled_records().await;
    // The authorization of company A is broken: its secret is rejected.
    app.sandbox
        .fault(Fault::for_api("gettoken").errcode(40001))
        .unwrap();
    let broke = app.try_log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    broke.assert_problem(403, "CORP_NOT_AUTHORIZED");

    let mut answers = Vec::new();
    for corp in [
        held.as_str(),
        never,
        cancelled,
        COMPANY_A,
        "wwnobody0000000001",
    ] {
        answers.push(workbench(&app, corp, "some-code").await);
        answers.push(login_code(&app, "QywxProxyDefault", corp, "some-code").await);
    }
    for answer in &answers {
        answer.assert_problem(403, "CORP_NOT_AUTHORIZED");
        assert_eq!(answer.body, answers[0].body);
        // Without their order, which actix does not keep.
        let names = |reply: &TestResponse| {
            reply
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(names(answer), names(&answers[0]));
    }
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        0,
        "their codes are not sent to WeCom"
    );
    app.stop().await;
}

pub(super) async fn corp_with_two_suites_must_name_one(target: Target) {
    let app = target.app().authorized(&[]).start().await;
    let corp = app.open_corp();
    for suite in [SUITE, SECOND_SUITE] {
        app.install_corp(suite, &corp).await;
    }
    let member = app.member(&corp);
    let code = |suite: &str| app.sandbox.code_for_suite(&corp, &member, suite).unwrap();
    let body = |suite: Option<&str>, code: &str| {
        let mut body = json!({"corpId": corp, "code": code});
        if let Some(suite) = suite {
            body["suiteId"] = json!(suite);
        }
        body
    };
    let ask = |body| app.send(TestRequest::post("/loginByWorkbench").json(&body));
    let first = code(SUITE);
    ask(body(None, &first))
        .await
        .assert_problem(400, "API_PARAMS_ERROR");
    ask(body(Some(SECOND_SUITE), &first))
        .await
        .assert_problem(401, "CODE_INVALID");
    for suite in [SUITE, SECOND_SUITE] {
        let result = ask(body(Some(suite), &code(suite))).await.success();
        let token = result["token"].as_str().unwrap();
        assert_eq!(
            app.send_to_host(TestRequest::get("/api/hello").bearer(token))
                .await
                .json()["suiteId"],
            suite
        );
    }
    // The same for organization codes: each (suite, corp) has its own.
    let set = |body| app.send_as_admin(TestRequest::post("/setCode").json(&body));
    set(json!({"corpId": corp, "code": "one"}))
        .await
        .assert_problem(400, "API_PARAMS_ERROR");
    set(json!({"corpId": corp, "code": "one", "suiteId": SUITE}))
        .await
        .assert_no_content();
    set(json!({"corpId": corp, "code": "one", "suiteId": SECOND_SUITE}))
        .await
        .assert_problem(409, "ORG_CODE_CONFLICT");
    set(json!({"corpId": corp, "code": "two", "suiteId": SECOND_SUITE}))
        .await
        .assert_no_content();
    let agent = |code: &str| app.send(TestRequest::get(format!("/getLoginConfig?code={code}")));
    let (one, two) = (agent("one").await.success(), agent("two").await.success());
    assert_eq!(one["corpId"], two["corpId"]);
    assert_ne!(one["agentId"], two["agentId"]);
    app.stop().await;
}
