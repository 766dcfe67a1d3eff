//! From installing to cancelling.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::SUITE;
use crate::client::{World, text};

async fn permanent_code(world: &World, api: &str, code: &str) -> Value {
    let token = world.suite_token().await;
    world.call_with(&format!("{api}?suite_access_token={token}"), json!({"auth_code": code})).await
}

const V1: &str = "service/get_permanent_code";
const V2: &str = "service/v2/get_permanent_code";

async fn auth_code(world: &World) -> String {
    world.sandbox.install(&world.corp(0)).await.unwrap();
    world.app.last("create_auth").field("AuthCode").unwrap()
}

#[tokio::test]
async fn an_install_pushes_a_code_and_no_company() {
    let world = World::start().await;
    let delivery = world.sandbox.install(&world.corp(0)).await.unwrap();
    assert!(delivery.succeeded());
    let push = world.app.last("create_auth");
    assert_eq!(push.receive_id, SUITE);
    assert_eq!(push.field("SuiteId").as_deref(), Some(SUITE));
    assert!(push.field("AuthCode").unwrap().len() >= 64);
    assert!(push.field("AuthCorpId").is_none() && !push.text.contains(&world.corp(0)), "{}", push.text);
    assert_eq!(crate::app::element(&push.envelope, "ToUserName").as_deref(), Some(SUITE));
    assert_eq!(crate::app::element(&push.envelope, "AgentID").as_deref(), Some(""));
}

#[tokio::test]
async fn v2_answers_without_auth_info_and_only_once() {
    let world = World::start().await;
    let code = auth_code(&world).await;
    let answer = permanent_code(&world, V2, &code).await;
    assert_eq!(answer["errcode"], 0);
    assert!(answer.get("auth_info").is_none() && answer.get("access_token").is_none(), "{answer}");
    assert_eq!(answer["auth_corp_info"]["corpid"], world.corp(0));
    assert_eq!(answer["auth_corp_info"].as_object().unwrap().len(), 2);
    let again = permanent_code(&world, V2, &code).await;
    assert_eq!(again["errcode"], 40078);
    assert!(again["errmsg"].as_str().unwrap().starts_with(" invalid auth_code, hint: ["));
}

#[tokio::test]
async fn v1_answers_with_auth_info_and_without_errcode() {
    let world = World::start().await;
    let code = auth_code(&world).await;
    let answer = permanent_code(&world, V1, &code).await;
    assert!(answer.get("errcode").is_none(), "{answer}");
    let agent = &answer["auth_info"]["agent"][0];
    assert_eq!((&agent["agentid"], &agent["is_customized_app"]), (&json!(1_000_002), &json!(true)));
    assert_eq!(answer["auth_corp_info"]["corp_type"], "verified");
}

#[tokio::test]
async fn an_auth_code_lives_ten_minutes_and_has_64_bytes() {
    let world = World::start().await;
    assert_eq!(permanent_code(&world, V2, "").await["errcode"], 41008);
    assert_eq!(permanent_code(&world, V2, &"x".repeat(63)).await["errcode"], 40058);
    assert_eq!(permanent_code(&world, V2, &"x".repeat(64)).await["errcode"], 40078);
    let late = auth_code(&world).await;
    world.sandbox.advance(Duration::from_secs(600));
    assert_eq!(permanent_code(&world, V2, &late).await["errcode"], 40078);
    let early = auth_code(&world).await;
    world.sandbox.advance(Duration::from_secs(590));
    assert_eq!(permanent_code(&world, V2, &early).await["errcode"], 0);
}

#[tokio::test]
async fn the_agent_id_is_learnt_from_the_authorisation() {
    let world = World::start().await;
    let secret = world.authorise().await;
    let token = world.suite_token().await;
    let info = |api: &str, corp: &str, secret: &str| {
        world.call_with(
            format!("{api}?suite_access_token={token}"),
            json!({"auth_corpid": corp, "permanent_code": secret}),
        )
    };
    let v2 = info("service/v2/get_auth_info", &world.corp(0), &secret).await;
    assert_eq!((&v2["errcode"], &v2["auth_info"]["agent"][0]["agentid"]), (&json!(0), &json!(1_000_002)));
    assert_eq!(v2["auth_info"]["agent"][0]["privilege"]["level"], 0);
    assert!(v2["auth_corp_info"].get("corp_wxqrcode").is_none());
    let v1 = info("service/get_auth_info", &world.corp(0), &secret).await;
    assert!(v1.get("errcode").is_none() && v1["auth_corp_info"].get("corp_wxqrcode").is_some(), "{v1}");
    assert_eq!(info("service/v2/get_auth_info", &world.corp(0), "wrong").await["errcode"], 40084);
    assert_eq!(info("service/v2/get_auth_info", &world.corp(1), &secret).await["errcode"], 48004);
    assert_eq!(info("service/v2/get_auth_info", "wpUnknown", &secret).await["errcode"], 40013);
}

#[tokio::test]
async fn after_a_secret_reset_the_old_secret_is_dead_and_the_token_lives() {
    let world = World::start().await;
    let token = world.app_token().await;
    let old = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    world.sandbox.reset_secret(&world.corp(0)).await.unwrap();
    assert_eq!(world.gettoken(&old).await["errcode"], 40001);
    assert_eq!(world.call(&format!("agent/get_permissions?access_token={token}")).await["errcode"], 0);
    let new = world.exchange("reset_permanent_code").await;
    assert_ne!(new, old);
    assert_eq!(text(&world.gettoken(&new).await, "access_token"), token);
}

#[tokio::test]
async fn after_a_cancel_everything_says_so_in_its_own_way() {
    let world = World::start().await;
    let token = world.app_token().await;
    let secret = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    let delivery = world.sandbox.cancel(&world.corp(0)).await.unwrap();
    assert_eq!(delivery.event, "cancel_auth");
    assert_eq!(world.app.last("cancel_auth").field("AuthCorpId"), Some(world.corp(0)));
    assert_eq!(world.gettoken(&secret).await["errcode"], 40001);
    assert_eq!(world.userinfo(&token, "x").await["errcode"], 48004);
    let suite = world.suite_token().await;
    let body = json!({"auth_corpid": world.corp(0), "permanent_code": secret});
    let api = format!("service/v2/get_auth_info?suite_access_token={suite}");
    assert_eq!(world.call_with(&api, body).await["errcode"], 40084);
    let again = world.sandbox.cancel(&world.corp(0)).await.unwrap_err();
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_second_install_is_a_new_authorisation() {
    let world = World::start().await;
    let token = world.app_token().await;
    let old = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    let new = world.authorise().await;
    assert_ne!(old, new);
    assert_eq!(world.gettoken(&old).await["errcode"], 40001);
    assert_eq!(world.userinfo(&token, "x").await["errcode"], 40014);
    assert_eq!(world.gettoken(&new).await["errcode"], 0);
}

#[tokio::test]
async fn a_disabled_app_is_40001_for_its_secret_and_50003_for_its_token() {
    let world = World::start().await;
    let token = world.app_token().await;
    let secret = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    world.sandbox.change_settings(json!({"disabled": [world.corp(0)]})).await.unwrap();
    assert_eq!(world.gettoken(&secret).await["errcode"], 40001);
    assert_eq!(world.userinfo(&token, "x").await["errcode"], 50003);
    assert_eq!(world.sandbox.state()["corps"][0]["apps"][0]["status"], "disabled");
    world.sandbox.change_settings(json!({"disabled": null})).await.unwrap();
    assert_eq!(world.gettoken(&secret).await["errcode"], 0);
}
