//! Plain and encrypted ids.

use serde_json::json;
use wecom_login::{CorpId, SuiteId};
use wecom_sandbox::{IdForm, Sandbox};

use crate::harness::{Harness, encode};
use crate::mock_app::{MockApp, SUITE, suite};

async fn start_with_pinned_corp() -> Harness {
    let app = MockApp::start().await;
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .pin(
            SuiteId::new(SUITE).unwrap(),
            CorpId::new("ww1234567890abcdef").unwrap(),
        )
        .install_ids(IdForm::Plain)
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
    for (corp_id, errcode) in [
        ("WW1234567890ABCDEF", 0),
        ("wwUnknown", 40013),
        (open.as_str().unwrap(), 40013),
    ] {
        assert_eq!(
            harness.call_with(&api, json!({"corpid": corp_id})).await["errcode"],
            errcode,
            "{corp_id}"
        );
    }
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

#[tokio::test]
async fn only_authorized_corps_are_converted() {
    let harness = start_with_pinned_corp().await;
    let provider = harness.provider_token().await;
    let api = format!("service/corpid_to_opencorpid?provider_access_token={provider}");
    let convert = || harness.call_with(&api, json!({"corpid": "ww1234567890abcdef"}));
    assert_eq!(convert().await["errcode"], 48004);
    harness.authorize().await;
    assert_eq!(convert().await["errcode"], 0);
    harness.sandbox.cancel(&harness.corp(0)).await.unwrap();
    assert_eq!(convert().await["errcode"], 48004);
}

#[tokio::test]
async fn invisible_linked_and_converted_people_are_not_converted() {
    let harness = start_with_pinned_corp().await;
    let token = harness.app_token().await;
    let api = format!("batch/userid_to_openuserid?access_token={token}");
    let people: Vec<String> = (0..5).map(|index| harness.user(index)).collect();
    let answer = harness
        .call_with(&api, json!({"userid_list": people}))
        .await;
    let converted = answer["open_userid_list"].as_array().unwrap();
    let ids: Vec<_> = converted.iter().map(|entry| &entry["userid"]).collect();
    assert_eq!(ids, [&people[0], &people[1]], "{answer}");
    assert_eq!(answer["invalid_userid_list"], json!(people[2..]));
    let open = &converted[0]["open_userid"];
    let again = harness
        .call_with(&api, json!({"userid_list": [open]}))
        .await;
    assert_eq!(again["invalid_userid_list"], json!([open]));
    for count in [0, 1001] {
        let list = vec![&people[0]; count];
        let answer = harness.call_with(&api, json!({"userid_list": list})).await;
        assert_eq!(answer["errcode"], 40058, "{count}");
    }
}

#[tokio::test]
async fn migration_is_per_app_and_both_corp_ids_are_accepted() {
    let app = MockApp::start().await;
    let pin = "ww1234567890abcdef";
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE), suite("dkSecond")])
        .pin(SuiteId::new(SUITE).unwrap(), CorpId::new(pin).unwrap())
        .install_ids(IdForm::Plain)
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    app.wait_for("suite_ticket", 2).await;
    let harness = Harness { sandbox, app };
    for id in [SUITE, "dkSecond"] {
        harness.sandbox.install_suite(pin, id).await.unwrap();
    }
    let secret = harness.sandbox.permanent_code(pin, SUITE).unwrap();
    let migrated = harness
        .post(
            &format!("/sandbox/corps/{pin}/migrate"),
            json!({"suiteId": SUITE}),
        )
        .await
        .json();
    let open = migrated["corpId"].as_str().unwrap().to_owned();
    assert_eq!(migrated, json!({"corpId": open, "ids": "encrypted"}));
    assert!(open.starts_with("wp"), "{open}");
    let named = async |suite_id: &str| {
        let body = json!({"suiteId": suite_id});
        let path = format!("/sandbox/corps/{pin}/change");
        assert_eq!(harness.post(&path, body).await.status, 200);
        harness.app.last("change_auth").field("AuthCorpId").unwrap()
    };
    assert_eq!(named(SUITE).await, open);
    assert_eq!(named("dkSecond").await, pin);
    let apps = &harness.sandbox.state()["corps"][0]["apps"];
    assert_eq!(
        (&apps[0]["corpId"], &apps[1]["corpId"]),
        (&json!(open), &json!(pin))
    );
    for (corp_id, errcode) in [
        (pin.to_owned(), 0),
        (pin.to_uppercase(), 0),
        (open.clone(), 0),
        (open.to_lowercase(), 40013),
    ] {
        let answer = harness
            .call(format!("gettoken?corpid={corp_id}&corpsecret={secret}"))
            .await;
        assert_eq!(answer["errcode"], errcode, "{corp_id}");
    }
    harness.sandbox.install_suite(pin, SUITE).await.unwrap();
    assert_eq!(named(SUITE).await, open, "a migration is never undone");
}

#[tokio::test]
async fn install_ids_concern_the_first_app_of_a_corp() {
    let app = MockApp::start().await;
    let pin = "ww1234567890abcdef";
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE), suite("dkSecond")])
        .pin(SuiteId::new(SUITE).unwrap(), CorpId::new(pin).unwrap())
        .install_ids(IdForm::Encrypted)
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    app.wait_for("suite_ticket", 2).await;
    let harness = Harness { sandbox, app };
    let form =
        |number: usize| harness.sandbox.state()["corps"][0]["apps"][number]["corpId"].clone();
    let install = async |suite_id: &str| {
        harness.sandbox.install_suite(pin, suite_id).await.unwrap();
    };
    let plain = async |suite_id: &str| {
        let body = json!({"suiteId": suite_id, "ids": "plain"});
        let path = format!("/sandbox/corps/{pin}/install");
        assert_eq!(harness.post(&path, body).await.status, 200);
    };
    assert_eq!(harness.corp(0), pin, "nothing is authorized");
    plain(SUITE).await;
    assert_eq!(form(0), pin, "authorized long ago");
    install("dkSecond").await;
    assert_eq!(form(1), pin, "the corp has another app with plain ids");
    for suite_id in [SUITE, "dkSecond"] {
        let path = format!("/sandbox/corps/{pin}/cancel");
        harness.post(&path, json!({"suiteId": suite_id})).await;
    }
    install(SUITE).await;
    assert_ne!(form(0), pin, "all were cancelled");
    assert!(harness.user(0).starts_with("wo"), "{}", harness.user(0));
    let secret = harness.sandbox.permanent_code(pin, SUITE).unwrap();
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
    for user_id in ["zhangwei".to_owned(), harness.user(0)] {
        let page = harness
            .get(&format!(
                "/connect/oauth2/authorize?appid={pin}&agentid=1000002&response_type=code&scope=snsapi_base&state=s&redirect_uri={}&sandboxUser={user_id}",
                encode(&format!("http://{}/cb", harness.app.authority))
            ))
            .await;
        assert_eq!(page.status, 302, "selected as {user_id}");
    }
}
