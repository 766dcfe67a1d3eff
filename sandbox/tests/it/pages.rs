//! The console, the authorization page, and the language of all pages.

use axum::http::Method;
use serde_json::json;

use crate::harness::{Harness, encode, query, send, text};
use crate::mock_app::SUITE;

#[tokio::test]
async fn lang_parameter_overrides_browser_language() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let query = format!(
        "appid={}&agentid=1000002&redirect_uri={}",
        harness.corp(0),
        encode(&back)
    );
    let qr = format!("/wwlogin/sso/login?login_type=CorpApp&{query}");
    let consent = format!(
        "/connect/oauth2/authorize?response_type=code&scope=snsapi_privateinfo&{query}&sandboxUser={}",
        harness.user(0)
    );
    let refusal = "/wwlogin/sso/login?login_type=CorpApp&appid=nobody".to_owned();
    for (path, zh, en) in [
        (qr, "扫码登录", "Scan to log in"),
        (consent, "允许", "Allow"),
        (refusal, "登录链接有误", "This login link is not right"),
        ("/sandbox?".to_owned(), "企业微信沙箱", "WeCom sandbox"),
        (
            "/wwopen/customApp/authorize?key=x".to_owned(),
            "此链接无效",
            "This link does not work",
        ),
    ] {
        for (accepted, more, is_chinese) in [
            ("zh-CN", "", true),
            ("en", "", false),
            ("en", "&lang=zh", true),
            ("zh-CN", "&lang=en", false),
            ("zh-CN", "&lang=fr", true),
        ] {
            let url = format!("{}{path}{more}", harness.sandbox.url());
            let page = send(
                Method::GET,
                &url,
                &[("accept-language", accepted)],
                String::new(),
            )
            .await;
            let (shown, hidden, tag) = if is_chinese {
                (zh, en, "zh-CN")
            } else {
                (en, zh, "en")
            };
            assert!(
                page.text.contains(shown) && !page.text.contains(hidden),
                "{url}: {}",
                page.text
            );
            assert!(
                page.text.contains(&format!("<html lang=\"{tag}\">")),
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn authorization_link_returns_its_state() {
    let harness = Harness::start().await;
    let token = harness.provider_token().await;
    let api = format!("service/get_customized_auth_url?provider_access_token={token}");
    for (body, errcode) in [
        (json!({"state": "a-b", "templateid_list": [SUITE]}), 40058),
        (
            json!({"state": "x".repeat(33), "templateid_list": [SUITE]}),
            40058,
        ),
        (json!({"state": "a", "templateid_list": []}), 40058),
        (json!({"state": "a", "templateid_list": ["dkOther"]}), 40083),
    ] {
        assert_eq!(
            harness.call_with(&api, body.clone()).await["errcode"],
            errcode,
            "{body}"
        );
    }
    let bad = harness
        .call_with(
            "service/get_customized_auth_url?provider_access_token=x",
            json!({}),
        )
        .await;
    assert_eq!(bad["errcode"], 40082);
    let answer = harness
        .call_with(&api, json!({"state": "order7", "templateid_list": [SUITE]}))
        .await;
    assert_eq!(answer["expires_in"], 864_000);
    let url = text(&answer, "qrcode_url");
    let page = send(Method::GET, &url, &[], String::new()).await;
    assert!(
        page.status == 200 && page.text.contains(&harness.corp(1)),
        "{}",
        page.text
    );
    let form = format!("key={}&corpId={}", query(&url)["key"], harness.corp(1));
    let to = format!("{}/wwopen/customApp/authorize", harness.sandbox.url());
    assert_eq!(send(Method::POST, &to, &[], form).await.status, 200);
    let push = harness.app.last("create_auth");
    assert_eq!(push.field("State").as_deref(), Some("order7"));
    let suite = harness.suite_token().await;
    let api = format!("service/v2/get_permanent_code?suite_access_token={suite}");
    let exchanged = harness
        .call_with(&api, json!({"auth_code": push.field("AuthCode")}))
        .await;
    assert_eq!(
        (&exchanged["state"], &exchanged["auth_corp_info"]["corpid"]),
        (&json!("order7"), &json!(harness.corp(1)))
    );
    let gone = format!(
        "{}/wwopen/customApp/authorize?key=nonsense",
        harness.sandbox.url()
    );
    assert_eq!(
        send(Method::GET, &gone, &[], String::new()).await.status,
        404
    );
}

#[tokio::test]
async fn console_has_all_actions_and_no_secrets() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let page = harness.get("/sandbox?lang=en").await;
    assert_eq!(page.status, 200);
    let corp = format!("/sandbox/corps/{}", harness.corp(0));
    let member = format!("{corp}/members/{}", harness.user(0));
    for part in [
        format!("/sandbox/suites/{SUITE}/ticket"),
        format!("{corp}/install"),
        format!("{corp}/change"),
        format!("{corp}/cancel"),
        format!("{corp}/disable"),
        format!("{corp}/reset-secret"),
        format!("{member}/code"),
        format!("{member}/leave"),
        format!("{member}/rename"),
        format!("{member}/hide"),
        format!("{member}/unsubscribe"),
        format!("{member}/disable"),
        "/sandbox/faults".to_owned(),
        "/sandbox/settings".to_owned(),
        "/sandbox/clock".to_owned(),
        "/sandbox/tokens/expire".to_owned(),
        "retryNon200".to_owned(),
        "strictAnswers".to_owned(),
        "installIds".to_owned(),
        "linked".to_owned(),
        "getCorpToken".to_owned(),
        "unknownPathStatus".to_owned(),
        "wrongSecretBar".to_owned(),
        "frequencyLimits".to_owned(),
        "create_auth".to_owned(),
        "service/v2/get_permanent_code".to_owned(),
        wecom_sandbox::WARNING.to_owned(),
    ] {
        assert!(page.text.contains(&part), "{part}");
    }
    let permanent = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    assert!(!page.text.contains(&permanent), "no secret is shown");
}
