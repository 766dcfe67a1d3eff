//! Which instance takes whose codes.

use std::collections::BTreeSet;

use serde_json::json;
use wecom_login::{CorpDecision, CorpInfo, Hooks};
use wecom_sandbox::Fault;

use super::Stage;
use crate::auths::{CLOSED, CODES_OFF, CODES_STATE, COMPANY_A, SECOND_SUITE, SUITE};
use crate::client::{Ask, Reply};
use crate::push::Push;
use crate::setup::Setup;
use crate::world::World;

async fn login_code(world: &World, instance: &str, corp: &str, code: &str) -> Reply {
    let body = json!({"corpId": corp, "code": code});
    world
        .ours(Ask::post(format!("/{instance}/getLoginCode")).json(&body))
        .await
}

async fn workbench(world: &World, corp: &str, code: &str) -> Reply {
    world
        .ours(Ask::post("/loginByWorkbench").json(&json!({"corpId": corp, "code": code})))
        .await
}

pub(super) async fn the_workbench(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    for (corp, instance) in [
        (COMPANY_A.to_owned(), "auths.QywxProxyCompanyA"),
        (world.open_corp(), "auths.QywxProxyDefault"),
    ] {
        let person = world.person(&corp);
        // Without a content type, as curl sends it; and once only.
        let body =
            json!({"corpId": corp, "code": world.code(&corp, &person), "platform": "mobile"});
        let result = world
            .ours(Ask::post("/loginByWorkbench").body(body.to_string()))
            .await;
        assert_eq!(result.header("set-cookie"), None);
        let result = result.success();
        assert_eq!(
            (&result["platform"], &result["corpId"]),
            (&json!("mobile"), &json!(corp))
        );
        assert_eq!(result["user"]["thirdUserId"], person);
        let me = world
            .ours(Ask::get("/me").bearer(result["token"].as_str().unwrap()))
            .await
            .success();
        assert_eq!(me["session"]["loginType"], "workbench");
        assert_eq!(me["session"]["instance"], instance);
        let again = world.ours(Ask::post("/loginByWorkbench").json(&body)).await;
        again.is_problem(401, "CODE_INVALID");
        assert_eq!(again.json()["errcode"], 40029, "a used code is WeCom's no");
    }
    world.end().await;
}

pub(super) async fn instances_and_companies_must_fit(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let open = world.open_corp();
    let calls = world.sandbox.calls("auth/getuserinfo");
    let code = world.code(&open, &world.person(&open));
    login_code(&world, "QywxProxyCompanyA", &open, &code)
        .await
        .is_problem(403, "CORP_MISMATCH");
    login_code(&world, "Second", &open, &code)
        .await
        .is_problem(403, "CORP_NOT_AUTHORIZED");
    assert_eq!(
        world.sandbox.calls("auth/getuserinfo"),
        calls,
        "no code was burnt"
    );
    let _ = login_code(&world, "QywxProxyDefault", &open, &code)
        .await
        .success();
    // A pinned company may come in by the unpinned instance, too, as long as its own is on.
    let code = world.code(COMPANY_A, &world.person(COMPANY_A));
    let _ = login_code(&world, "QywxProxyDefault", COMPANY_A, &code)
        .await
        .success();
    // One company's code with another company's id.
    let code = world.code(COMPANY_A, &world.person(COMPANY_A));
    let crossed = workbench(&world, &open, &code).await;
    crossed.is_problem(401, "CODE_INVALID");
    assert_eq!(crossed.json()["errcode"], 40029);
    world.end().await;
}

pub(super) async fn an_inactive_instance(stage: Stage) {
    let world = stage
        .world(Setup::new().installed(&[(SUITE, CLOSED)]))
        .await;
    let code = world.code(CLOSED, &world.person(CLOSED));
    for instance in ["Closed", "QywxProxyDefault"] {
        login_code(&world, instance, CLOSED, &code)
            .await
            .is_problem(403, "LOGIN_DISABLED");
    }
    workbench(&world, CLOSED, &code)
        .await
        .is_problem(403, "LOGIN_DISABLED");
    assert_eq!(
        world.sandbox.calls("auth/getuserinfo"),
        0,
        "no code was burnt"
    );
    let set = Ask::post("/setCode").json(&json!({"corpId": CLOSED, "code": "closed"}));
    world.admin(set).await.no_content();
    for route in ["/getLoginConfigByCode", "/getLoginConfig"] {
        world
            .ours(Ask::get(format!("{route}?code=closed")))
            .await
            .is_problem(403, "LOGIN_DISABLED");
    }
    let config = world
        .ours(Ask::get("/Closed/getLoginConfig"))
        .await
        .success();
    assert_eq!(
        (&config["isActive"], &config["corpId"]),
        (&json!(false), &json!(CLOSED))
    );
    assert!(config["agentId"].is_string());
    let push = Push::suite_event(SUITE, "reserved", 1, &[]).path("/Closed/notify");
    assert_eq!(world.push(&push).await.text(), "success", "callbacks go on");
    world.end().await;
}

pub(super) async fn code_login_can_be_off(stage: Stage) {
    let world = stage
        .world(Setup::new().installed(&[(SUITE, CODES_OFF), (SUITE, CODES_STATE)]))
        .await;
    for (corp, instance) in [(CODES_OFF, "group.CodesOff"), (CODES_STATE, "CodesState")] {
        let code = world.code(corp, &world.person(corp));
        login_code(&world, instance, corp, &code)
            .await
            .is_problem(403, "LOGIN_DISABLED");
        workbench(&world, corp, &code)
            .await
            .is_problem(403, "LOGIN_DISABLED");
    }
    assert_eq!(
        world.sandbox.calls("auth/getuserinfo"),
        0,
        "no code was burnt"
    );
    world.end().await;
}

/// Holds every company but company A back.
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

pub(super) async fn companies_kept_out_are_not_told_apart(stage: Stage) {
    let setup = Setup::new()
        .installed(&[(SUITE, COMPANY_A)])
        .configure(|builder| builder.hooks(OnlyCompanyA));
    let world = stage.world(setup).await;
    let corps = world.open_corps();
    let (held, never, cancelled) = (&corps[0], &corps[1], &corps[2]);
    for corp in [held, cancelled] {
        assert!(
            world
                .sandbox
                .install_suite(corp, SUITE)
                .await
                .unwrap()
                .succeeded()
        );
    }
    world.settled_records().await;
    assert!(world.sandbox.cancel(cancelled).await.unwrap().succeeded());
    world.settled_records().await;
    // Company A is broken: its secret does not work, whoever asks.
    world
        .sandbox
        .fault(Fault::of("gettoken").errcode(40001))
        .unwrap();
    let broke = world.try_log_in(COMPANY_A, &world.person(COMPANY_A)).await;
    broke.is_problem(403, "CORP_NOT_AUTHORIZED");

    let mut answers = Vec::new();
    for corp in [
        held.as_str(),
        never,
        cancelled,
        COMPANY_A,
        "wwnobody0000000001",
    ] {
        answers.push(workbench(&world, corp, "some-code").await);
        answers.push(login_code(&world, "QywxProxyDefault", corp, "some-code").await);
    }
    for answer in &answers {
        answer.is_problem(403, "CORP_NOT_AUTHORIZED");
        assert_eq!(answer.body, answers[0].body);
        // In no order: actix keeps none.
        let names = |reply: &Reply| {
            reply
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(names(answer), names(&answers[0]));
    }
    assert_eq!(
        world.sandbox.calls("auth/getuserinfo"),
        0,
        "no code of theirs is tried"
    );
    world.end().await;
}

pub(super) async fn one_company_under_two_suites(stage: Stage) {
    let world = stage.world(Setup::new().installed(&[])).await;
    let corp = world.open_corp();
    for suite in [SUITE, SECOND_SUITE] {
        world.install(suite, &corp).await;
    }
    let person = world.person(&corp);
    let code = |suite: &str| world.sandbox.code_for_suite(&corp, &person, suite).unwrap();
    let body = |suite: Option<&str>, code: &str| {
        let mut body = json!({"corpId": corp, "code": code});
        if let Some(suite) = suite {
            body["suiteId"] = json!(suite);
        }
        body
    };
    let ask = |body| world.ours(Ask::post("/loginByWorkbench").json(&body));
    let first = code(SUITE);
    ask(body(None, &first))
        .await
        .is_problem(400, "API_PARAMS_ERROR");
    ask(body(Some(SECOND_SUITE), &first))
        .await
        .is_problem(401, "CODE_INVALID");
    for suite in [SUITE, SECOND_SUITE] {
        let result = ask(body(Some(suite), &code(suite))).await.success();
        let token = result["token"].as_str().unwrap();
        assert_eq!(
            world
                .host(Ask::get("/api/hello").bearer(token))
                .await
                .json()["suiteId"],
            suite
        );
    }
    // The same for organisation codes: each (suite, company) has its own.
    let set = |body| world.admin(Ask::post("/setCode").json(&body));
    set(json!({"corpId": corp, "code": "one"}))
        .await
        .is_problem(400, "API_PARAMS_ERROR");
    set(json!({"corpId": corp, "code": "one", "suiteId": SUITE}))
        .await
        .no_content();
    set(json!({"corpId": corp, "code": "one", "suiteId": SECOND_SUITE}))
        .await
        .is_problem(409, "ORG_CODE_CONFLICT");
    set(json!({"corpId": corp, "code": "two", "suiteId": SECOND_SUITE}))
        .await
        .no_content();
    let agent = |code: &str| world.ours(Ask::get(format!("/getLoginConfig?code={code}")));
    let (one, two) = (agent("one").await.success(), agent("two").await.success());
    assert_eq!(one["corpId"], two["corpId"]);
    assert_ne!(one["agentId"], two["agentId"]);
    world.end().await;
}
