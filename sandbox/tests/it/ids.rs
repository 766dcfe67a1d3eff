//! Plain and encrypted ids.

use serde_json::json;
use wecom_login::{CorpId, SuiteId};
use wecom_sandbox::Sandbox;

use crate::harness::Harness;
use crate::mock_app::{MockApp, SUITE, suite};

async fn start_with_pinned_corp() -> Harness {
    let app = MockApp::start().await;
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .pin(
            SuiteId::new(SUITE).unwrap(),
            CorpId::new("ww1234567890abcdef").unwrap(),
        )
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    app.wait_for("suite_ticket", 1).await;
    Harness { sandbox, app }
}

#[tokio::test]
async fn pinned_corps_come_first_and_ids_are_deterministic() {
    let (first, second) = (
        start_with_pinned_corp().await,
        start_with_pinned_corp().await,
    );
    assert_eq!(
        first.sandbox.state()["corps"],
        second.sandbox.state()["corps"]
    );
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
    assert_eq!(
        kinds,
        [
            json!(null),
            json!(null),
            json!("linked"),
            json!("non-member"),
            json!("invisible")
        ]
    );
}

#[tokio::test]
async fn finish_openid_migration_encrypts_ids() {
    let harness = start_with_pinned_corp().await;
    let token = harness.app_token().await;
    let provider = harness.provider_token().await;
    let migration = || harness.call_with("corp/get_openid_migration", json!({}));
    assert_eq!(migration().await["errcode"], 41001);
    let status = async || {
        let api = format!("corp/get_openid_migration?access_token={token}");
        harness.call_with(&api, json!({})).await["migration_info"][0]["status"].clone()
    };
    assert_eq!(status().await, 0);

    let api = format!("service/corpid_to_opencorpid?provider_access_token={provider}");
    let open = harness
        .call_with(&api, json!({"corpid": "ww1234567890abcdef"}))
        .await["open_corpid"]
        .clone();
    assert!(open.as_str().unwrap().starts_with("wp"), "{open}");
    assert_eq!(
        harness
            .call_with(&api, json!({"corpid": "wwUnknown"}))
            .await["errcode"],
        40013
    );
    let api = format!("batch/userid_to_openuserid?access_token={token}");
    let users = harness
        .call_with(&api, json!({"userid_list": ["zhangwei", "nobody"]}))
        .await;
    let open_user = users["open_userid_list"][0]["open_userid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(users["invalid_userid_list"], json!(["nobody"]));

    let api = format!("service/finish_openid_migration?provider_access_token={provider}");
    let body = json!({"corpid": "ww1234567890abcdef", "agentid": 1_000_002, "openid_type": [1, 3]});
    assert_eq!(harness.call_with(&api, body).await["errcode"], 0);
    assert_eq!(status().await, 1);
    assert_eq!(json!(harness.corp(0)), open);
    assert_eq!(harness.user(0), open_user);
    let user = |id: &str| harness.call(format!("user/get?access_token={token}&userid={id}"));
    assert_eq!(
        user("zhangwei").await["errcode"],
        60111,
        "a plain userid is unknown after the migration"
    );
    assert_eq!(user(&open_user).await["errcode"], 0);
    harness.sandbox.change(&harness.corp(0)).await.unwrap();
    assert_eq!(
        json!(harness.app.last("change_auth").field("AuthCorpId")),
        open
    );
}

#[tokio::test]
async fn ids_setting_overrides_form_of_all_ids() {
    let harness = start_with_pinned_corp().await;
    harness
        .sandbox
        .change_settings(json!({"ids": "encrypted"}))
        .await
        .unwrap();
    assert!(
        harness
            .sandbox
            .corp_ids()
            .iter()
            .all(|id| id.starts_with("wp"))
    );
    assert!(harness.user(0).starts_with("wo"));
    harness
        .sandbox
        .change_settings(json!({"ids": "plain"}))
        .await
        .unwrap();
    assert!(
        harness
            .sandbox
            .corp_ids()
            .iter()
            .all(|id| id.starts_with("ww"))
    );
    assert_eq!(harness.user(0), "zhangwei");
}
