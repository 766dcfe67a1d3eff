//! setCode, and what an organisation code finds.

use serde_json::json;
use wecom_login::wecom::State;
use wecom_login::{CorpId, PermanentCode, SuiteId};

use super::Stage;
use super::rows::has_fields;
use crate::auths::{COMPANY_A, SUITE};
use crate::client::{Ask, Reply};
use crate::setup::Setup;
use crate::world::World;

async fn set(world: &World, corp: &str, code: &str) -> Reply {
    world
        .admin(Ask::post("/setCode").json(&json!({"corpId": corp, "code": code})))
        .await
}

async fn find(world: &World, code: &str) -> Reply {
    let by_code = world
        .ours(Ask::get(format!("/getLoginConfigByCode?code={code}")))
        .await;
    let other_door = world
        .ours(Ask::get(format!("/getLoginConfig?code={code}")))
        .await;
    assert_eq!(
        (by_code.status, &by_code.body),
        (other_door.status, &other_door.body)
    );
    by_code
}

pub(super) async fn they_are_compared_without_case(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let open = world.open_corp();
    set(&world, COMPANY_A, "Acme-01").await.no_content();
    for code in ["Acme-01", "acme-01", "ACME-01"] {
        let found = find(&world, code).await.success();
        has_fields(&found, &["corpId", "agentId"]);
        let agent = world.sandbox.agent_id(COMPANY_A).unwrap().to_string();
        assert_eq!(found, json!({"corpId": COMPANY_A, "agentId": agent}));
    }
    set(&world, &open, "aCME-01")
        .await
        .is_problem(409, "ORG_CODE_CONFLICT");
    let _ = find(&world, "acme-01").await.success();
    set(&world, COMPANY_A, "ACME-01").await.no_content();
    let corps = world.admin(Ask::get("/corps")).await.success();
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
    set(&world, COMPANY_A, "new").await.no_content();
    find(&world, "acme-01")
        .await
        .is_problem(404, "ORG_CODE_NOT_FOUND");
    set(&world, &open, "Acme-01").await.no_content();
    assert_eq!(find(&world, "acme-01").await.success()["corpId"], open);
    assert_eq!(find(&world, "NEW").await.success()["corpId"], COMPANY_A);
    for code in ["a", &"x".repeat(64), "_-_", "0"] {
        set(&world, &open, code).await.no_content();
        assert_eq!(find(&world, code).await.success()["corpId"], open);
    }
    world.end().await;
}

pub(super) async fn only_an_authorised_company_has_one(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let never = world.open_corps().remove(1);
    set(&world, &never, "never")
        .await
        .is_problem(403, "CORP_NOT_AUTHORIZED");
    find(&world, "never")
        .await
        .is_problem(404, "ORG_CODE_NOT_FOUND");
    set(&world, COMPANY_A, "gone").await.no_content();
    assert!(world.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    world.settled_records().await;
    find(&world, "gone")
        .await
        .is_problem(404, "ORG_CODE_NOT_FOUND");
    set(&world, COMPANY_A, "gone")
        .await
        .is_problem(403, "CORP_NOT_AUTHORIZED");
    world.install(SUITE, COMPANY_A).await;
    find(&world, "gone")
        .await
        .is_problem(404, "ORG_CODE_NOT_FOUND");
    set(&world, &world.open_corp(), "gone").await.no_content();
    world.end().await;
}

pub(super) async fn an_agent_that_is_not_known(stage: Stage) {
    // Without a suite_ticket WeCom cannot be asked for the agentId.
    let world = stage.world(Setup::new().no_ticket()).await;
    let (suite, corp) = (
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(COMPANY_A).unwrap(),
    );
    let code = PermanentCode::new("permanent-code-from-before");
    world
        .login
        .service()
        .import_authorization(&suite, &corp, code, None)
        .await
        .unwrap();
    set(&world, COMPANY_A, "early").await.no_content();
    let found = find(&world, "early").await;
    found.is_problem(503, "AGENT_UNKNOWN");
    assert!(found.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    let state = State::new("a").unwrap();
    let link = world
        .login
        .service()
        .workbench_link(&suite, &corp, "http://127.0.0.1/", &state)
        .await;
    assert!(
        link.unwrap_err().retry_after().is_some(),
        "by whichever door"
    );
    let config = world
        .ours(Ask::get("/QywxProxyCompanyA/getLoginConfig"))
        .await
        .success();
    assert!(config.get("agentId").is_none());
    world.end().await;
}
