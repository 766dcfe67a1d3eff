//! Plain and encrypted ids.

use serde_json::json;
use wecom_login::{CorpId, SuiteId};
use wecom_sandbox::Sandbox;

use crate::app::{App, SUITE, suite};
use crate::client::World;

async fn pinned() -> World {
    let app = App::start().await;
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .pin(SuiteId::new(SUITE).unwrap(), CorpId::new("ww1234567890abcdef").unwrap())
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    app.wait_for("suite_ticket", 1).await;
    World { sandbox, app }
}

#[tokio::test]
async fn pinned_companies_come_first_and_ids_are_the_same_at_every_start() {
    let (first, second) = (pinned().await, pinned().await);
    assert_eq!(first.sandbox.state()["corps"], second.sandbox.state()["corps"]);
    assert_eq!(first.corp(0), "ww1234567890abcdef");
    assert!(first.corp(1).starts_with("wpSandboxCorp"));
    assert_ne!(first.corp(1), first.corp(1).to_ascii_lowercase());
    assert_eq!(first.user(0), "zhangwei");
    let kinds: Vec<_> = first.sandbox.state()["corps"][1]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["kind"].clone())
        .collect();
    assert_eq!(kinds, [json!(null), json!(null), json!("linked"), json!("non-member"), json!("invisible")]);
}

#[tokio::test]
async fn a_company_is_migrated_to_encrypted_ids() {
    let world = pinned().await;
    let token = world.app_token().await;
    let provider = world.provider_token().await;
    let migration = || world.call_with("corp/get_openid_migration", json!({}));
    assert_eq!(migration().await["errcode"], 41001);
    let status = async || {
        let api = format!("corp/get_openid_migration?access_token={token}");
        world.call_with(&api, json!({})).await["migration_info"][0]["status"].clone()
    };
    assert_eq!(status().await, 0);

    let api = format!("service/corpid_to_opencorpid?provider_access_token={provider}");
    let open = world.call_with(&api, json!({"corpid": "ww1234567890abcdef"})).await["open_corpid"].clone();
    assert!(open.as_str().unwrap().starts_with("wp"), "{open}");
    assert_eq!(world.call_with(&api, json!({"corpid": "wwUnknown"})).await["errcode"], 40013);
    let api = format!("batch/userid_to_openuserid?access_token={token}");
    let users = world.call_with(&api, json!({"userid_list": ["zhangwei", "nobody"]})).await;
    let open_user = users["open_userid_list"][0]["open_userid"].as_str().unwrap().to_owned();
    assert_eq!(users["invalid_userid_list"], json!(["nobody"]));

    let api = format!("service/finish_openid_migration?provider_access_token={provider}");
    let body = json!({"corpid": "ww1234567890abcdef", "agentid": 1_000_002, "openid_type": [1, 3]});
    assert_eq!(world.call_with(&api, body).await["errcode"], 0);
    assert_eq!(status().await, 1);
    assert_eq!(json!(world.corp(0)), open);
    assert_eq!(world.user(0), open_user);
    let user = |id: &str| world.call(format!("user/get?access_token={token}&userid={id}"));
    assert_eq!(user("zhangwei").await["errcode"], 60111, "a plain userid is unknown after the upgrade");
    assert_eq!(user(&open_user).await["errcode"], 0);
    world.sandbox.change(&world.corp(0)).await.unwrap();
    assert_eq!(json!(world.app.last("change_auth").field("AuthCorpId")), open);
}

#[tokio::test]
async fn the_ids_switch_shows_all_in_one_form() {
    let world = pinned().await;
    world.sandbox.change_settings(json!({"ids": "encrypted"})).await.unwrap();
    assert!(world.sandbox.corp_ids().iter().all(|id| id.starts_with("wp")));
    assert!(world.user(0).starts_with("wo"));
    world.sandbox.change_settings(json!({"ids": "plain"})).await.unwrap();
    assert!(world.sandbox.corp_ids().iter().all(|id| id.starts_with("ww")));
    assert_eq!(world.user(0), "zhangwei");
}
