//! Access tokens of providers, suites and apps.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::harness::{Harness, send, text};
use crate::mock_app::{PROVIDER, SUITE, SUITE_SECRET};

#[tokio::test]
async fn suite_token_requires_id_secret_and_valid_ticket() {
    let harness = Harness::start().await;
    let ask = |id: &str, secret: &str, ticket: &str| {
        harness.call_with(
            "service/get_suite_token",
            json!({"suite_id": id, "suite_secret": secret, "suite_ticket": ticket}),
        )
    };
    let ticket = harness
        .app
        .last("suite_ticket")
        .field("SuiteTicket")
        .unwrap();
    let answer = ask(SUITE, SUITE_SECRET, &ticket).await;
    assert!(
        answer.get("errcode").is_none() && answer["expires_in"] == 7200,
        "{answer}"
    );
    assert_eq!(
        ask("dkother", SUITE_SECRET, &ticket).await["errcode"],
        40083
    );
    assert_eq!(ask(SUITE, "wrong", &ticket).await["errcode"], 40001);
    assert_eq!(ask(SUITE, SUITE_SECRET, "wrong").await["errcode"], 40085);
    assert_eq!(ask(SUITE, SUITE_SECRET, "").await["errcode"], 41023);
    harness
        .sandbox
        .change_settings(json!({"ticketPeriodMs": 0}))
        .await
        .unwrap();
    harness.sandbox.advance(Duration::from_secs(29 * 60));
    assert!(
        ask(SUITE, SUITE_SECRET, &ticket).await["suite_access_token"].is_string(),
        "29 minutes old"
    );
    harness.sandbox.advance(Duration::from_secs(60));
    assert_eq!(ask(SUITE, SUITE_SECRET, &ticket).await["errcode"], 40085);
}

#[tokio::test]
async fn gettoken_returns_same_token_until_expiry() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let first = harness.gettoken(&secret).await;
    assert_eq!(first["expires_in"], 7200);
    harness.sandbox.advance(Duration::from_secs(100));
    let second = harness.gettoken(&secret).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert!(second["expires_in"].as_i64().unwrap() <= 7100, "{second}");
    harness.sandbox.advance(Duration::from_secs(7100));
    let token = text(&first, "access_token");
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 42001);
    assert_ne!(
        harness.gettoken(&secret).await["access_token"],
        first["access_token"]
    );
}

#[tokio::test]
async fn expired_revoked_and_foreign_tokens_have_own_errcodes() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let suite = harness.suite_token().await;
    assert_eq!(
        harness.call("auth/getuserinfo?code=x").await["errcode"],
        41001
    );
    assert_eq!(harness.userinfo("nonsense", "x").await["errcode"], 40014);
    assert_eq!(harness.userinfo(&suite, "x").await["errcode"], 40014);
    let info = |token: &str| {
        harness.call_with(
            format!("service/v2/get_auth_info?suite_access_token={token}"),
            json!({}),
        )
    };
    assert_eq!(
        harness
            .call_with("service/v2/get_auth_info", json!({}))
            .await["errcode"],
        41022
    );
    assert_eq!(info(&token).await["errcode"], 40082);
    assert_eq!(info(&suite).await["errcode"], 41002);
    let answer = harness
        .post("/sandbox/tokens/expire", json!({}))
        .await
        .json();
    assert!(answer["expired"].as_u64().unwrap() >= 2, "{answer}");
    assert_eq!(harness.userinfo(&token, "x").await["errcode"], 40014);
    assert_eq!(info(&suite).await["errcode"], 40082);
    let fresh = harness.suite_token().await;
    assert_ne!(fresh, suite);
    harness.sandbox.advance(Duration::from_secs(7200));
    assert_eq!(info(&fresh).await["errcode"], 42009);
}

#[tokio::test]
async fn gettoken_distinguishes_wrong_corp_and_wrong_secret() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let corp = harness.corp(0);
    assert_eq!(
        harness.call("gettoken?corpsecret=x").await["errcode"],
        41002
    );
    assert_eq!(
        harness.call(&format!("gettoken?corpid={corp}")).await["errcode"],
        41004
    );
    assert_eq!(harness.gettoken("wrong").await["errcode"], 40001);
    let lower = corp.to_ascii_lowercase();
    let answer = harness
        .call(&format!("gettoken?corpid={lower}&corpsecret={secret}"))
        .await;
    assert_eq!(answer["errcode"], 40013, "ids are compared byte for byte");
    let other = harness.corp(1);
    let answer = harness
        .call(&format!("gettoken?corpid={other}&corpsecret={secret}"))
        .await;
    assert_eq!(answer["errcode"], 40001);
}

#[tokio::test]
async fn third_party_only_endpoints_are_refused() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let token = harness.suite_token().await;
    for api in ["service/set_session_info", "service/auth/getuserdetail3rd"] {
        let answer = harness
            .call_with(&format!("{api}?suite_access_token={token}"), json!({}))
            .await;
        assert_eq!(answer["errcode"], 48002, "{api}");
    }
    for api in ["service/get_pre_auth_code", "service/auth/getuserinfo3rd"] {
        let answer = harness
            .call(&format!("{api}?suite_access_token={token}"))
            .await;
        assert_eq!(answer["errcode"], 48002, "{api}");
    }
    let body = json!({"auth_corpid": harness.corp(0), "permanent_code": secret});
    let corp_token = async |setting: serde_json::Value| {
        let changes = json!({"getCorpToken": setting});
        harness.sandbox.change_settings(changes).await.unwrap();
        let api = format!("service/get_corp_token?suite_access_token={token}");
        harness.call_with(&api, body.clone()).await
    };
    let refused = corp_token(json!(null)).await;
    assert_eq!(refused["errcode"], 40084);
    assert!(
        refused["errmsg"]
            .as_str()
            .unwrap()
            .starts_with(" invalid authorizer permanent code , hint: ["),
        "{refused}"
    );
    assert_eq!(corp_token(json!(48002)).await["errcode"], 48002);
    let answer = corp_token(json!(true)).await;
    assert_eq!(
        answer["access_token"],
        harness.gettoken(&secret).await["access_token"]
    );
}

#[tokio::test]
async fn provider_token_omits_errcode() {
    let harness = Harness::start().await;
    let ask = |corp: &str, secret: &str| {
        harness.call_with(
            "service/get_provider_token",
            json!({"corpid": corp, "provider_secret": secret}),
        )
    };
    let answer = ask(PROVIDER, crate::mock_app::PROVIDER_SECRET).await;
    assert!(
        answer.get("errcode").is_none() && answer["expires_in"] == 7200,
        "{answer}"
    );
    assert_eq!(ask(PROVIDER, SUITE_SECRET).await["errcode"], 40001);
    assert_eq!(ask("wwother", SUITE_SECRET).await["errcode"], 40013);
}

#[tokio::test]
async fn wrong_method_and_unknown_path_are_errors() {
    let harness = Harness::start().await;
    assert_eq!(
        harness.call_with("gettoken", json!({})).await["errcode"],
        43001
    );
    assert_eq!(
        harness.call("service/get_suite_token").await["errcode"],
        43002
    );
    let unknown = harness.get("/cgi-bin/nonsense").await;
    assert_eq!(
        (unknown.status, &unknown.json()["errcode"]),
        (200, &json!(40066))
    );
    harness
        .sandbox
        .change_settings(json!({"unknownPathStatus": 404}))
        .await
        .unwrap();
    let unknown = harness.get("/cgi-bin/nonsense").await;
    assert_eq!(
        (unknown.status, &unknown.json()["errcode"]),
        (404, &json!(40066))
    );
}

#[tokio::test]
async fn answers_carry_errcode_and_errmsg_headers() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    let ticket = harness
        .app
        .last("suite_ticket")
        .field("SuiteTicket")
        .unwrap();
    let body = json!({"suite_id": SUITE, "suite_secret": SUITE_SECRET, "suite_ticket": ticket});
    let answer = harness.post("/cgi-bin/service/get_suite_token", body).await;
    assert_eq!(
        (answer.header("error-code"), answer.header("error-msg")),
        (Some("0"), Some("ok"))
    );
    let path = |secret: &str| {
        format!(
            "/cgi-bin/gettoken?corpid={}&corpsecret={secret}",
            harness.corp(0)
        )
    };
    let answer = harness.get(&path(&secret)).await;
    assert_eq!(answer.header("error-code"), Some("0"));
    let answer = harness.get(&path("wrong")).await;
    assert_eq!(answer.header("error-code"), Some("40001"));
    assert_eq!(answer.header("error-msg"), answer.json()["errmsg"].as_str());
}

#[tokio::test]
async fn invalid_json_is_warned_of_before_the_message() {
    let harness = Harness::start().await;
    let url = format!("{}/cgi-bin/service/get_suite_token", harness.sandbox.url());
    let answer = send(Method::POST, &url, &[], "{".to_owned()).await.json();
    assert_eq!(answer["errcode"], 41021);
    let errmsg = answer["errmsg"].as_str().unwrap();
    assert!(
        errmsg.starts_with("Warning: wrong json format. suite_id missing, hint: ["),
        "{errmsg}"
    );
}

#[tokio::test]
async fn ten_wrong_secrets_in_ten_minutes_bar_the_address_for_an_hour() {
    let harness = Harness::start().await;
    let secret = harness.authorize().await;
    for _ in 0..12 {
        assert_eq!(harness.gettoken("wrong").await["errcode"], 40001);
    }
    let counted = &harness.sandbox.state()["wrongSecrets"]["127.0.0.1"]["total"];
    assert_eq!(counted, 12, "they are counted without the bar");
    harness
        .sandbox
        .change_settings(json!({"wrongSecretBar": true, "ticketPeriodMs": 0}))
        .await
        .unwrap();
    assert_eq!(
        harness.gettoken(&secret).await["errcode"],
        45009,
        "barred by the tenth"
    );
    let provider = json!({"corpid": PROVIDER, "provider_secret": "wrong"});
    let answer = harness
        .call_with("service/get_provider_token", provider)
        .await;
    assert_eq!(answer["errcode"], 45009);
    harness.sandbox.advance(Duration::from_secs(3_600));
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
    for _ in 0..9 {
        assert_eq!(harness.gettoken("wrong").await["errcode"], 40001);
    }
    assert_eq!(harness.gettoken(&secret).await["errcode"], 0);
}

#[tokio::test]
async fn calls_beyond_the_frequency_limit_are_45009_until_the_window_ends() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let limits = json!({"corpPerMinute": 2, "addressPerMinute": 3});
    harness
        .sandbox
        .change_settings(json!({"frequencyLimits": limits}))
        .await
        .unwrap();
    let permissions = async || {
        let api = format!("agent/get_permissions?access_token={token}");
        harness.call(&api).await["errcode"].clone()
    };
    assert_eq!(
        (permissions().await, permissions().await),
        (json!(0), json!(0))
    );
    assert_eq!(permissions().await, 45009);
    for _ in 0..5 {
        let code = harness
            .sandbox
            .code(&harness.corp(0), &harness.user(0))
            .unwrap();
        assert_eq!(
            harness.userinfo(&token, &code).await["errcode"],
            0,
            "a valid code does not count"
        );
    }
    for errcode in [40029, 40029, 45009] {
        assert_eq!(harness.userinfo(&token, "wrong").await["errcode"], errcode);
    }
    harness.sandbox.advance(Duration::from_secs(60));
    assert_eq!(permissions().await, 0);
}

#[tokio::test]
async fn errmsg_matches_wecoms_format() {
    let harness = Harness::start().await;
    let answer = harness.gettoken("wrong").await;
    let errmsg = answer["errmsg"].as_str().unwrap();
    assert!(
        errmsg.starts_with("invalid credential, hint: ["),
        "{errmsg}"
    );
    let end =
        "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40001";
    assert!(errmsg.ends_with(end), "{errmsg}");
}
