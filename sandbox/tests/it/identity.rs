//! Who somebody is.

use std::time::Duration;

use serde_json::json;

use crate::app::{App, SUITE, suite};
use crate::client::{World, text};

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let world = World::start().await;
    let token = world.app_token().await;
    let code = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    let answer = world.userinfo(&token, &code).await;
    assert_eq!(answer, json!({"errcode": 0, "errmsg": "ok", "userid": world.user(0)}));
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 40029);
    assert_eq!(world.userinfo(&token, "wrong").await["errcode"], 40029);
    let late = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    world.sandbox.advance(Duration::from_secs(300));
    assert_eq!(world.userinfo(&token, &late).await["errcode"], 40029);
    world.sandbox.change_settings(json!({"usedCode": 42022, "expiredCode": 42003})).await.unwrap();
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 42022);
    assert_eq!(world.userinfo(&token, &late).await["errcode"], 42003);
}

#[tokio::test]
async fn a_code_is_good_for_its_own_company_and_app_only() {
    let app = App::start().await;
    let suites = [suite(SUITE), suite("dkSecond")];
    let sandbox =
        wecom_sandbox::Sandbox::builder().suites(suites).notify(app.notify_url()).start().await.unwrap();
    app.wait_for("suite_ticket", 2).await;
    let world = World { sandbox, app };
    let (first, second) = (world.corp(0), world.corp(1));
    let mut tokens = Vec::new();
    for (corp, suite) in [(&first, SUITE), (&first, "dkSecond"), (&second, SUITE)] {
        world.sandbox.install_suite(corp, suite).await.unwrap();
        let secret = world.sandbox.permanent_code(corp, suite).unwrap();
        let answer = world.call(&format!("gettoken?corpid={corp}&corpsecret={secret}")).await;
        tokens.push(text(&answer, "access_token"));
    }
    let code = world.sandbox.code_for_suite(&first, &world.user(0), SUITE).unwrap();
    assert_eq!(world.userinfo(&tokens[1], &code).await["errcode"], 40029);
    assert_eq!(world.userinfo(&tokens[2], &code).await["errcode"], 40029);
    assert_eq!(world.userinfo(&tokens[0], &code).await["errcode"], 0, "a wrong try spends nothing");
}

#[tokio::test]
async fn linked_people_non_members_and_hidden_people_are_told_apart() {
    let world = World::start().await;
    let token = world.app_token().await;
    let corp = world.corp(0);
    let ask = async |index: usize| {
        let code = world.sandbox.code(&corp, &world.user(index)).unwrap();
        world.userinfo(&token, &code).await
    };
    let user = async |id: &str| world.call(&format!("user/get?access_token={token}&userid={id}")).await;

    let ordinary = user(&world.user(0)).await;
    assert_eq!(
        (&ordinary["errcode"], &ordinary["status"], &ordinary["name"]),
        (&json!(0), &json!(1), &json!("张伟"))
    );
    assert!(ordinary.get("mobile").is_none() && ordinary.get("avatar").is_none());

    let linked = text(&ask(2).await, "userid");
    assert!(linked.contains('/') && linked.ends_with(&world.user(2)), "{linked}");
    assert_eq!(user(&linked).await["errcode"], 0);

    let stranger = ask(3).await;
    assert!(stranger.get("userid").is_none() && stranger["openid"].is_string(), "{stranger}");
    assert_eq!(user(&world.user(3)).await["errcode"], 60111);

    assert_eq!(ask(4).await["userid"], world.user(4));
    assert_eq!(user(&world.user(4)).await["errcode"], 60111);
    world.sandbox.change_settings(json!({"invisible": 50002})).await.unwrap();
    assert_eq!(user(&world.user(4)).await["errcode"], 50002);
    assert_eq!(user("nobody").await["errcode"], 60111);
}

#[tokio::test]
async fn privateinfo_brings_a_ticket_and_the_ticket_brings_details() {
    let world = World::start().await;
    let token = world.app_token().await;
    let code = async |index: usize| {
        let path = format!("/sandbox/corps/{}/members/{}/code", world.corp(0), world.user(index));
        text(&world.post(&path, json!({"scope": "snsapi_privateinfo"})).await.json(), "code")
    };
    let ticket = text(&world.userinfo(&token, &code(0).await).await, "user_ticket");
    let hidden = world.userinfo(&token, &code(4).await).await;
    assert!(hidden.get("user_ticket").is_none(), "{hidden}");
    let api = format!("auth/getuserdetail?access_token={token}");
    let detail = world.call_with(&api, json!({"user_ticket": ticket})).await;
    assert_eq!((&detail["errcode"], &detail["mobile"]), (&json!(0), &json!("13800000000")));
    assert!(detail.get("address").is_none(), "not granted: {detail}");
    assert_eq!(world.call_with(&api, json!({"user_ticket": "x"})).await["errcode"], 84015);
    world.sandbox.advance(Duration::from_secs(1800));
    assert_eq!(world.call_with(&api, json!({"user_ticket": ticket})).await["errcode"], 84014);
}

#[tokio::test]
async fn without_a_licence_the_calls_say_so() {
    let world = World::start().await;
    let token = world.app_token().await;
    world.sandbox.change_settings(json!({"licence": "missing"})).await.unwrap();
    let code = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 701_008);
    let user = world.call(&format!("user/get?access_token={token}&userid={}", world.user(0))).await;
    assert_eq!(user["errcode"], 701_008);
    world.sandbox.change_settings(json!({"licence": true})).await.unwrap();
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 0);
}

#[tokio::test]
async fn names_and_permissions_follow_the_grants() {
    let world = World::start().await;
    let token = world.app_token().await;
    let grants = world.call(&format!("agent/get_permissions?access_token={token}")).await;
    assert!(grants["app_permissions"].as_array().unwrap().contains(&json!("contact:sensitive:user_name")));
    world.sandbox.change_settings(json!({"permissions": []})).await.unwrap();
    let user = world.call(&format!("user/get?access_token={token}&userid={}", world.user(0))).await;
    assert!(user["errcode"] == 0 && user.get("name").is_none(), "{user}");
    let admins = world.call_with(&format!("agent/get_admin_list?access_token={token}"), json!({})).await;
    assert_eq!(admins["admin"][0], json!({"userid": world.user(0), "auth_type": 1}));
    let agent = |id: i64| world.call(format!("agent/get?access_token={token}&agentid={id}"));
    let own = agent(1_000_002).await;
    assert_eq!((&own["errcode"], &own["redirect_domain"]), (&json!(0), &json!(world.app.authority)));
    assert_eq!(agent(5).await["errcode"], 40056);
    for api in ["getcallbackip", "get_api_domain_ip"] {
        assert_eq!(world.call(&format!("{api}?access_token={token}")).await["ip_list"], json!(["127.0.0.1"]));
    }
}
