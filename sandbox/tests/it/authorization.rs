//! Authorizations, from install to cancel.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Harness, text};
use crate::mock_app::SUITE;

async fn permanent_code(harness: &Harness, api: &str, code: &str) -> Value {
    let token = harness.suite_token().await;
    harness
        .call_with(
            &format!("{api}?suite_access_token={token}"),
            json!({"auth_code": code}),
        )
        .await
}

const V1: &str = "service/get_permanent_code";
const V2: &str = "service/v2/get_permanent_code";

async fn auth_code(harness: &Harness) -> String {
    harness.sandbox.install(&harness.corp(0)).await.unwrap();
    harness.app.last("create_auth").field("AuthCode").unwrap()
}

#[tokio::test]
async fn install_pushes_auth_code_without_corp_id() {
    let harness = Harness::start().await;
    let delivery = harness.sandbox.install(&harness.corp(0)).await.unwrap();
    assert!(delivery.succeeded());
    let push = harness.app.last("create_auth");
    assert_eq!(push.receive_id, SUITE);
    assert_eq!(push.field("SuiteId").as_deref(), Some(SUITE));
    assert!(push.field("AuthCode").unwrap().len() >= 64);
    assert!(
        push.field("AuthCorpId").is_none() && !push.text.contains(&harness.corp(0)),
        "{}",
        push.text
    );
    assert_eq!(
        crate::mock_app::element(&push.envelope, "ToUserName").as_deref(),
        Some(SUITE)
    );
    assert_eq!(
        crate::mock_app::element(&push.envelope, "AgentID").as_deref(),
        Some("")
    );
}

#[tokio::test]
async fn get_permanent_code_v2_omits_auth_info_and_works_once() {
    let harness = Harness::start().await;
    let code = auth_code(&harness).await;
    let answer = permanent_code(&harness, V2, &code).await;
    assert_eq!(answer["errcode"], 0);
    assert!(
        answer.get("auth_info").is_none() && answer.get("access_token").is_none(),
        "{answer}"
    );
    assert_eq!(answer["auth_corp_info"]["corpid"], harness.corp(0));
    assert_eq!(answer["auth_corp_info"].as_object().unwrap().len(), 2);
    let again = permanent_code(&harness, V2, &code).await;
    assert_eq!(again["errcode"], 40078);
    assert!(
        again["errmsg"]
            .as_str()
            .unwrap()
            .starts_with(" invalid auth_code, hint: [")
    );
}

#[tokio::test]
async fn get_permanent_code_v1_has_auth_info_and_no_errcode() {
    let harness = Harness::start().await;
    let code = auth_code(&harness).await;
    let answer = permanent_code(&harness, V1, &code).await;
    assert!(answer.get("errcode").is_none(), "{answer}");
    let agent = &answer["auth_info"]["agent"][0];
    assert_eq!(
        (&agent["agentid"], &agent["is_customized_app"]),
        (&json!(1_000_002), &json!(true))
    );
    assert_eq!(answer["auth_corp_info"]["corp_type"], "verified");
}

#[tokio::test]
async fn auth_code_lasts_ten_minutes_and_needs_64_bytes() {
    let harness = Harness::start().await;
    assert_eq!(permanent_code(&harness, V2, "").await["errcode"], 41008);
    assert_eq!(
        permanent_code(&harness, V2, &"x".repeat(63)).await["errcode"],
        40058
    );
    assert_eq!(
        permanent_code(&harness, V2, &"x".repeat(64)).await["errcode"],
        40078
    );
    let late = auth_code(&harness).await;
    harness.sandbox.advance(Duration::from_secs(600));
    assert_eq!(permanent_code(&harness, V2, &late).await["errcode"], 40078);
    let early = auth_code(&harness).await;
    harness.sandbox.advance(Duration::from_secs(590));
    assert_eq!(permanent_code(&harness, V2, &early).await["errcode"], 0);
}

#[tokio::test]
async fn get_auth_info_has_agent_id() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let token = harness.suite_token().await;
    let info = |api: &str, corp: &str, secret: &str| {
        harness.call_with(
            format!("{api}?suite_access_token={token}"),
            json!({"auth_corpid": corp, "permanent_code": secret}),
        )
    };
    let v2 = info("service/v2/get_auth_info", &harness.corp(0), &secret).await;
    assert_eq!(
        (&v2["errcode"], &v2["auth_info"]["agent"][0]["agentid"]),
        (&json!(0), &json!(1_000_002))
    );
    assert_eq!(v2["auth_info"]["agent"][0]["privilege"]["level"], 0);
    assert!(v2["auth_corp_info"].get("corp_wxqrcode").is_none());
    let v1 = info("service/get_auth_info", &harness.corp(0), &secret).await;
    assert!(
        v1.get("errcode").is_none() && v1["auth_corp_info"].get("corp_wxqrcode").is_some(),
        "{v1}"
    );
    assert_eq!(
        info("service/v2/get_auth_info", &harness.corp(0), "wrong").await["errcode"],
        40084
    );
    assert_eq!(
        info("service/v2/get_auth_info", &harness.corp(1), &secret).await["errcode"],
        48004
    );
    assert_eq!(
        info("service/v2/get_auth_info", "wpUnknown", &secret).await["errcode"],
        40013
    );
}

#[tokio::test]
async fn reset_secret_invalidates_secret_but_not_token() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let old = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    harness
        .sandbox
        .reset_secret(&harness.corp(0))
        .await
        .unwrap();
    assert_eq!(harness.gettoken(&old).await["errcode"], 40001);
    assert_eq!(
        harness
            .call(&format!("agent/get_permissions?access_token={token}"))
            .await["errcode"],
        0
    );
    let new = harness.exchange("reset_permanent_code").await;
    assert_ne!(new, old);
    assert_eq!(text(&harness.gettoken(&new).await, "access_token"), token);
}

#[tokio::test]
async fn cancel_invalidates_secret_token_and_authorization() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let secret = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    let delivery = harness.sandbox.cancel(&harness.corp(0)).await.unwrap();
    assert_eq!(delivery.event, "cancel_auth");
    assert_eq!(
        harness.app.last("cancel_auth").field("AuthCorpId"),
        Some(harness.corp(0))
    );
    assert_eq!(harness.gettoken(&secret).await["errcode"], 40001);
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 48004);
    let suite = harness.suite_token().await;
    let body = json!({"auth_corpid": harness.corp(0), "permanent_code": secret});
    let api = format!("service/v2/get_auth_info?suite_access_token={suite}");
    assert_eq!(harness.call_with(&api, body).await["errcode"], 40084);
    let again = harness.sandbox.cancel(&harness.corp(0)).await.unwrap_err();
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn second_install_replaces_secret_and_token() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let old = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    let new = harness.authorize().await;
    assert_ne!(old, new);
    assert_eq!(harness.gettoken(&old).await["errcode"], 40001);
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 40014);
    assert_eq!(harness.gettoken(&new).await["errcode"], 0);
}

#[tokio::test]
async fn disabled_app_is_40001_for_secret_and_50003_for_token() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let secret = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    harness
        .sandbox
        .change_settings(json!({"disabled": [harness.corp(0)]}))
        .await
        .unwrap();
    assert_eq!(harness.gettoken(&secret).await["errcode"], 40001);
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 50003);
    assert_eq!(
        harness.sandbox.state()["corps"][0]["apps"][0]["status"],
        "disabled"
    );
    harness
        .sandbox
        .change_settings(json!({"disabled": null}))
        .await
        .unwrap();
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
}

#[tokio::test]
async fn disable_and_enable_push_change_auth_and_leave_get_auth_info() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let token = text(&harness.gettoken(&secret).await, "access_token");
    let suite = harness.suite_token().await;
    let corp = harness.corp(0);
    let delivery = harness.sandbox.disable(&corp).await.unwrap();
    assert_eq!(delivery.event, "change_auth");
    assert_eq!(
        harness.sandbox.state()["corps"][0]["apps"][0]["status"],
        "disabled"
    );
    assert_eq!(harness.gettoken(&secret).await["errcode"], 40001);
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 50003);
    let info = harness
        .call_with(
            format!("service/v2/get_auth_info?suite_access_token={suite}"),
            json!({"auth_corpid": corp, "permanent_code": secret}),
        )
        .await;
    assert_eq!(info["errcode"], 0, "{info}");
    let enabled = harness
        .post(&format!("/sandbox/corps/{corp}/enable"), json!({}))
        .await;
    assert_eq!(enabled.json()["event"], "change_auth");
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
    assert_eq!(harness.app.count("change_auth"), 2);
}

#[tokio::test]
async fn disabled_setting_pushes_change_auth_to_the_apps_it_concerns() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    for (disabled, errcode, pushes) in [
        (json!([harness.corp(0), harness.corp(1)]), 40001, 1),
        (json!(true), 40001, 1),
        (json!(null), 0, 2),
    ] {
        harness
            .sandbox
            .change_settings(json!({"disabled": disabled}))
            .await
            .unwrap();
        assert_eq!(harness.gettoken(&secret).await["errcode"], errcode);
        assert_eq!(harness.app.count("change_auth"), pushes, "{disabled}");
    }
}

#[tokio::test]
async fn register_code_info_is_of_promotion_links_and_state_of_customized_ones() {
    let harness = Harness::start().await;
    let path = format!("/sandbox/corps/{}/install", harness.corp(0));
    let install = async |body: Value| {
        assert_eq!(harness.post(&path, body).await.status, 200);
        let push = harness.app.last("create_auth");
        let code = push.field("AuthCode").unwrap();
        (
            push.field("State"),
            permanent_code(&harness, V2, &code).await,
        )
    };
    let (state, answer) = install(json!({"state": "order7"})).await;
    assert_eq!(
        (state.as_deref(), &answer["state"]),
        (Some("order7"), &json!("order7"))
    );
    assert!(answer.get("register_code_info").is_none(), "{answer}");
    let (state, answer) = install(json!({"state": "spring", "registerCode": "r1"})).await;
    assert_eq!((state, answer.get("state")), (None, None));
    assert_eq!(
        answer["register_code_info"],
        json!({"register_code": "r1", "template_id": SUITE, "state": "spring"})
    );
    let (state, answer) = install(json!({})).await;
    assert_eq!((state, answer.get("state")), (None, None));
    assert!(answer.get("register_code_info").is_none(), "{answer}");
}
