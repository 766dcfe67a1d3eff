//! The pages, as a browser gets them.

use std::collections::HashMap;

use axum::http::Method;
use serde_json::json;

use wecom_sandbox::Sandbox;

use crate::harness::{Harness, HttpResponse, send, text};
use crate::mock_app::{SUITE, suite};

/// The links of a page to itself, unescaped.
fn links(page: &HttpResponse) -> Vec<String> {
    page.text
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|link| link.replace("&#38;", "&"))
        .filter(|link| link.starts_with('?'))
        .collect()
}

fn query(url: &str) -> HashMap<String, String> {
    form_urlencoded::parse(url.split('?').nth(1).unwrap().as_bytes())
        .into_owned()
        .collect()
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

struct Link<'a> {
    harness: &'a Harness,
    path: &'static str,
    more: String,
}

impl<'a> Link<'a> {
    fn oauth(harness: &'a Harness, scope: &str) -> Self {
        Self {
            harness,
            path: "/connect/oauth2/authorize",
            more: format!("&response_type=code&scope={scope}"),
        }
    }

    fn qr(harness: &'a Harness) -> Self {
        Self {
            harness,
            path: "/wwlogin/sso/login",
            more: "&login_type=CorpApp".to_owned(),
        }
    }

    async fn open(&self, redirect_uri: &str, more: &str) -> HttpResponse {
        let harness = self.harness;
        let path = format!(
            "{}?appid={}&redirect_uri={}&state=abc123&agentid=1000002{}{more}",
            self.path,
            harness.corp(0),
            encode(redirect_uri),
            self.more
        );
        harness.get(&path).await
    }

    /// Clicks the link with this index.
    async fn choose(&self, redirect_uri: &str, index: usize) -> HttpResponse {
        let page = self.open(redirect_uri, "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        self.harness
            .get(&format!("{}{}", self.path, links(&page)[index]))
            .await
    }
}

#[tokio::test]
async fn click_redirects_with_code_for_redirect_host() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let back = format!("http://{}/auth/callback?action=get", harness.app.authority);
    let answer = Link::oauth(&harness, "snsapi_base").choose(&back, 0).await;
    assert_eq!(answer.status, 302);
    let location = answer.location.unwrap();
    assert!(
        location.starts_with(&format!("{back}&code=")),
        "the query is kept: {location}"
    );
    let query = query(&location);
    assert_eq!(
        (query["state"].as_str(), query["action"].as_str()),
        ("abc123", "get")
    );
    assert!(query["code"].len() <= 512);
    harness
        .sandbox
        .change_settings(json!({"trustedDomain": "other.example"}))
        .await
        .unwrap();
    assert_eq!(
        harness.userinfo(&token, &query["code"]).await["errcode"],
        50001
    );
    harness
        .sandbox
        .change_settings(json!({"trustedDomain": null}))
        .await
        .unwrap();
    let answer = harness.userinfo(&token, &query["code"]).await;
    assert_eq!(answer["userid"], harness.user(0));
    assert!(answer.get("user_ticket").is_none());
}

#[tokio::test]
async fn qr_page_shows_qr_code_and_members() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let back = format!("http://{}/auth/callback", harness.app.authority);
    let link = Link::qr(&harness);
    let page = link.open(&back, "").await;
    assert!(
        page.text.contains("<svg") && page.text.contains("张伟"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("src="), "no external resources");
    let location = link.choose(&back, 1).await.location.unwrap();
    assert!(location.starts_with(&format!("{back}?code=")), "{location}");
    assert_eq!(
        harness.userinfo(&token, &query(&location)["code"]).await["userid"],
        harness.user(1)
    );
    let non_member = link.choose(&back, 3).await.location.unwrap();
    assert!(harness.userinfo(&token, &query(&non_member)["code"]).await["openid"].is_string());
    assert_eq!(
        link.choose(&back, 4).await.status,
        403,
        "outside the visible range"
    );
    let denied = link.choose(&back, 5).await.location.unwrap();
    assert_eq!(denied, format!("{back}?state=abc123"));
}

#[tokio::test]
async fn foreign_redirect_uri_is_400() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let host = &harness.app.authority;
    for bad in [
        "http://evil.example/".to_owned(),
        format!("http://{host}.evil.example/"),
        format!("http://{host}@evil.example/"),
        "http://127.0.0.1:1/".to_owned(),
        "javascript:alert(1)".to_owned(),
        String::new(),
    ] {
        for link in [Link::oauth(&harness, "snsapi_base"), Link::qr(&harness)] {
            let page = link.open(&bad, "").await;
            assert_eq!(page.status, 400, "{bad}");
            assert!(page.text.contains("redirect_uri"), "{}", page.text);
        }
    }
}

#[tokio::test]
async fn public_url_is_trusted_domain_unless_set() {
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .notify("http://127.0.0.1:9/auth/notify")
        .public_url("https://App.example:443/portal")
        .start()
        .await
        .unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "app.example");
    sandbox
        .change_settings(json!({"trustedDomain": "other.example"}))
        .await
        .unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "other.example");
    sandbox
        .change_settings(json!({"trustedDomain": null}))
        .await
        .unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "app.example");
    sandbox.shutdown().await;
    for bad in ["app.example", "ftp://app.example", "https://"] {
        assert!(
            Sandbox::builder()
                .suites([suite(SUITE)])
                .public_url(bad)
                .start()
                .await
                .is_err(),
            "{bad}"
        );
    }
}

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
async fn invalid_link_is_400_and_escaped() {
    let harness = Harness::start().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let link = Link::oauth(&harness, "snsapi_base");
    assert_eq!(
        link.open(&back, "").await.status,
        400,
        "nothing is installed"
    );
    harness.authorize().await;
    assert_eq!(
        Link::oauth(&harness, "nonsense")
            .open(&back, "")
            .await
            .status,
        400
    );
    let other = format!(
        "/connect/oauth2/authorize?appid={SUITE}&redirect_uri={}",
        encode(&back)
    );
    assert_eq!(harness.get(&other).await.status, 400);
    let page = link.open("http://<script>alert(1)</script>/", "").await;
    assert_eq!(page.status, 400);
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    let path = format!(
        "/wwlogin/sso/login?login_type=ServiceApp&appid={}&agentid=1000002&redirect_uri={}",
        harness.corp(0),
        encode(&back)
    );
    assert_eq!(harness.get(&path).await.status, 400);
}

#[tokio::test]
async fn privateinfo_asks_for_consent() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let link = Link::oauth(&harness, "snsapi_privateinfo");
    let consent = link.choose(&back, 0).await;
    assert_eq!(consent.status, 200);
    let answers = links(&consent);
    let yes = harness
        .get(&format!("{}{}", link.path, answers[0]))
        .await
        .location
        .unwrap();
    let answer = harness.userinfo(&token, &query(&yes)["code"]).await;
    assert!(answer["user_ticket"].is_string(), "{answer}");
    let no = harness
        .get(&format!("{}{}", link.path, answers[1]))
        .await
        .location
        .unwrap();
    assert_eq!(no, format!("{back}?state=abc123"));
    assert_eq!(link.choose(&back, 4).await.status, 403);
}

#[tokio::test]
async fn member_without_license_is_403_and_notified() {
    let harness = Harness::start().await;
    harness.authorize().await;
    harness
        .sandbox
        .change_settings(json!({"licence": false}))
        .await
        .unwrap();
    let back = format!("http://{}/cb", harness.app.authority);
    let page = Link::oauth(&harness, "snsapi_base").choose(&back, 0).await;
    assert_eq!((page.status, page.location), (403, None));
    let push = harness.app.wait_for("unlicensed_notify", 1).await;
    assert_eq!(push.field("UserID"), Some(harness.user(0)));
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
        format!("{corp}/reset-secret"),
        format!("{member}/code"),
        format!("{member}/leave"),
        format!("{member}/rename"),
        format!("{member}/hide"),
        format!("{member}/unsubscribe"),
        "/sandbox/faults".to_owned(),
        "/sandbox/settings".to_owned(),
        "/sandbox/clock".to_owned(),
        "/sandbox/tokens/expire".to_owned(),
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
