//! The token ladder.

use std::time::Duration;

use serde_json::json;

use crate::app::{PROVIDER, SUITE, SUITE_SECRET};
use crate::client::{World, text};

#[tokio::test]
async fn a_suite_token_needs_id_secret_and_a_living_ticket() {
    let world = World::start().await;
    let ask = |id: &str, secret: &str, ticket: &str| {
        world.call_with(
            "service/get_suite_token",
            json!({"suite_id": id, "suite_secret": secret, "suite_ticket": ticket}),
        )
    };
    let ticket = world.app.last("suite_ticket").field("SuiteTicket").unwrap();
    let answer = ask(SUITE, SUITE_SECRET, &ticket).await;
    assert_eq!((&answer["errcode"], &answer["expires_in"]), (&json!(0), &json!(7200)));
    assert_eq!(ask("dkother", SUITE_SECRET, &ticket).await["errcode"], 40083);
    assert_eq!(ask(SUITE, "wrong", &ticket).await["errcode"], 40001);
    assert_eq!(ask(SUITE, SUITE_SECRET, "wrong").await["errcode"], 40085);
    assert_eq!(ask(SUITE, SUITE_SECRET, "").await["errcode"], 41023);
    world.sandbox.change_settings(json!({"ticketPeriodMs": 0})).await.unwrap();
    world.sandbox.advance(Duration::from_secs(29 * 60));
    assert_eq!(ask(SUITE, SUITE_SECRET, &ticket).await["errcode"], 0);
    world.sandbox.advance(Duration::from_secs(60));
    assert_eq!(ask(SUITE, SUITE_SECRET, &ticket).await["errcode"], 40085);
}

#[tokio::test]
async fn the_same_token_comes_until_it_expires_and_its_time_shrinks() {
    let world = World::start().await;
    let secret = world.authorise().await;
    let first = world.gettoken(&secret).await;
    assert_eq!(first["expires_in"], 7200);
    world.sandbox.advance(Duration::from_secs(100));
    let second = world.gettoken(&secret).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert!(second["expires_in"].as_i64().unwrap() <= 7100, "{second}");
    world.sandbox.advance(Duration::from_secs(7100));
    let token = text(&first, "access_token");
    assert_eq!(world.userinfo(&token, "x").await["errcode"], 42001);
    assert_ne!(world.gettoken(&secret).await["access_token"], first["access_token"]);
}

#[tokio::test]
async fn tokens_die_early_on_demand_and_wrong_ones_are_told_apart() {
    let world = World::start().await;
    let token = world.app_token().await;
    let suite = world.suite_token().await;
    assert_eq!(world.call("auth/getuserinfo?code=x").await["errcode"], 41001);
    assert_eq!(world.userinfo("nonsense", "x").await["errcode"], 40014);
    assert_eq!(world.userinfo(&suite, "x").await["errcode"], 40014);
    let info = |token: &str| {
        world.call_with(format!("service/v2/get_auth_info?suite_access_token={token}"), json!({}))
    };
    assert_eq!(world.call_with("service/v2/get_auth_info", json!({})).await["errcode"], 41022);
    assert_eq!(info(&token).await["errcode"], 40082);
    assert_eq!(info(&suite).await["errcode"], 41002);
    let answer = world.post("/sandbox/tokens/expire", json!({})).await.json();
    assert!(answer["expired"].as_u64().unwrap() >= 2, "{answer}");
    assert_eq!(world.userinfo(&token, "x").await["errcode"], 40014);
    assert_eq!(info(&suite).await["errcode"], 40082);
    let fresh = world.suite_token().await;
    assert_ne!(fresh, suite);
    world.sandbox.advance(Duration::from_secs(7200));
    assert_eq!(info(&fresh).await["errcode"], 42009);
}

#[tokio::test]
async fn gettoken_tells_a_wrong_company_from_a_wrong_secret() {
    let world = World::start().await;
    let secret = world.authorise().await;
    let corp = world.corp(0);
    assert_eq!(world.call("gettoken?corpsecret=x").await["errcode"], 41002);
    assert_eq!(world.call(&format!("gettoken?corpid={corp}")).await["errcode"], 41004);
    assert_eq!(world.gettoken("wrong").await["errcode"], 40001);
    let lower = corp.to_ascii_lowercase();
    let answer = world.call(&format!("gettoken?corpid={lower}&corpsecret={secret}")).await;
    assert_eq!(answer["errcode"], 40013, "ids are compared byte for byte");
    let other = world.corp(1);
    let answer = world.call(&format!("gettoken?corpid={other}&corpsecret={secret}")).await;
    assert_eq!(answer["errcode"], 40001);
}

#[tokio::test]
async fn what_only_third_party_apps_may_call_is_48002() {
    let world = World::start().await;
    let secret = world.authorise().await;
    let token = world.suite_token().await;
    for api in ["service/get_corp_token", "service/set_session_info", "service/auth/getuserdetail3rd"] {
        let answer = world.call_with(&format!("{api}?suite_access_token={token}"), json!({})).await;
        assert_eq!(answer["errcode"], 48002, "{api}");
    }
    for api in ["service/get_pre_auth_code", "service/auth/getuserinfo3rd"] {
        let answer = world.call(&format!("{api}?suite_access_token={token}")).await;
        assert_eq!(answer["errcode"], 48002, "{api}");
    }
    world.sandbox.change_settings(json!({"getCorpToken": true})).await.unwrap();
    let body = json!({"auth_corpid": world.corp(0), "permanent_code": secret});
    let answer = world.call_with(&format!("service/get_corp_token?suite_access_token={token}"), body).await;
    assert_eq!(answer["access_token"], world.gettoken(&secret).await["access_token"]);
}

#[tokio::test]
async fn the_provider_token_leaves_errcode_out() {
    let world = World::start().await;
    let ask = |corp: &str, secret: &str| {
        world.call_with("service/get_provider_token", json!({"corpid": corp, "provider_secret": secret}))
    };
    let answer = ask(PROVIDER, crate::app::PROVIDER_SECRET).await;
    assert!(answer.get("errcode").is_none() && answer["expires_in"] == 7200, "{answer}");
    assert_eq!(ask(PROVIDER, SUITE_SECRET).await["errcode"], 40001);
    assert_eq!(ask("wwother", SUITE_SECRET).await["errcode"], 40013);
}

#[tokio::test]
async fn a_call_by_the_wrong_method_or_to_nowhere_is_refused() {
    let world = World::start().await;
    assert_eq!(world.call_with("gettoken", json!({})).await["errcode"], 43001);
    assert_eq!(world.call("service/get_suite_token").await["errcode"], 43002);
    assert_eq!(world.get("/cgi-bin/nonsense").await.status, 404);
}

#[tokio::test]
async fn an_errmsg_has_wecoms_shape() {
    let world = World::start().await;
    let answer = world.gettoken("wrong").await;
    let errmsg = answer["errmsg"].as_str().unwrap();
    assert!(errmsg.starts_with("invalid credential, hint: ["), "{errmsg}");
    let end = "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40001";
    assert!(errmsg.ends_with(end), "{errmsg}");
}
