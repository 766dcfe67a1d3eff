//! The pages, as a browser meets them.

use std::collections::HashMap;

use axum::http::Method;
use serde_json::json;

use wecom_sandbox::Sandbox;

use crate::app::{SUITE, suite};
use crate::client::{Answer, World, send, text};

/// The links of a page, as a browser reads them.
fn links(page: &Answer) -> Vec<String> {
    page.text
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|link| link.replace("&amp;", "&"))
        .filter(|link| link.starts_with('?'))
        .collect()
}

fn query(url: &str) -> HashMap<String, String> {
    form_urlencoded::parse(url.split('?').nth(1).unwrap().as_bytes()).into_owned().collect()
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

struct Link<'a> {
    world: &'a World,
    path: &'static str,
    more: String,
}

impl<'a> Link<'a> {
    fn oauth(world: &'a World, scope: &str) -> Self {
        Self { world, path: "/connect/oauth2/authorize", more: format!("&response_type=code&scope={scope}") }
    }

    fn qr(world: &'a World) -> Self {
        Self { world, path: "/wwlogin/sso/login", more: "&login_type=CorpApp".to_owned() }
    }

    async fn open(&self, redirect_uri: &str, more: &str) -> Answer {
        let world = self.world;
        let path = format!(
            "{}?appid={}&redirect_uri={}&state=abc123&agentid=1000002{}{more}",
            self.path,
            world.corp(0),
            encode(redirect_uri),
            self.more
        );
        world.get(&path).await
    }

    /// Clicks the person at this place of the list.
    async fn choose(&self, redirect_uri: &str, index: usize) -> Answer {
        let page = self.open(redirect_uri, "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        self.world.get(&format!("{}{}", self.path, links(&page)[index])).await
    }
}

#[tokio::test]
async fn a_click_brings_a_code_for_the_redirect_host() {
    let world = World::start().await;
    let token = world.app_token().await;
    let back = format!("http://{}/auth/callback?action=get", world.app.authority);
    let answer = Link::oauth(&world, "snsapi_base").choose(&back, 0).await;
    assert_eq!(answer.status, 302);
    let location = answer.location.unwrap();
    assert!(location.starts_with(&format!("{back}&code=")), "the query is kept: {location}");
    let query = query(&location);
    assert_eq!((query["state"].as_str(), query["action"].as_str()), ("abc123", "get"));
    assert!(query["code"].len() <= 512);
    world.sandbox.change_settings(json!({"trustedDomain": "other.example"})).await.unwrap();
    assert_eq!(world.userinfo(&token, &query["code"]).await["errcode"], 50001);
    world.sandbox.change_settings(json!({"trustedDomain": null})).await.unwrap();
    let answer = world.userinfo(&token, &query["code"]).await;
    assert_eq!(answer["userid"], world.user(0));
    assert!(answer.get("user_ticket").is_none());
}

#[tokio::test]
async fn the_qr_page_shows_a_code_and_people() {
    let world = World::start().await;
    let token = world.app_token().await;
    let back = format!("http://{}/auth/callback", world.app.authority);
    let link = Link::qr(&world);
    let page = link.open(&back, "").await;
    assert!(page.text.contains("<svg") && page.text.contains("张伟"), "{}", page.text);
    assert!(!page.text.contains("src="), "nothing from elsewhere");
    let location = link.choose(&back, 1).await.location.unwrap();
    assert!(location.starts_with(&format!("{back}?code=")), "{location}");
    assert_eq!(world.userinfo(&token, &query(&location)["code"]).await["userid"], world.user(1));
    let stranger = link.choose(&back, 3).await.location.unwrap();
    assert!(world.userinfo(&token, &query(&stranger)["code"]).await["openid"].is_string());
    assert_eq!(link.choose(&back, 4).await.status, 403, "outside the visible range");
    let refused = link.choose(&back, 5).await.location.unwrap();
    assert_eq!(refused, format!("{back}?state=abc123"));
}

#[tokio::test]
async fn a_foreign_redirect_is_refused() {
    let world = World::start().await;
    world.authorise().await;
    let host = &world.app.authority;
    for bad in [
        "http://evil.example/".to_owned(),
        format!("http://{host}.evil.example/"),
        format!("http://{host}@evil.example/"),
        "http://127.0.0.1:1/".to_owned(),
        "javascript:alert(1)".to_owned(),
        String::new(),
    ] {
        for link in [Link::oauth(&world, "snsapi_base"), Link::qr(&world)] {
            let page = link.open(&bad, "").await;
            assert_eq!(page.status, 400, "{bad}");
            assert!(page.text.contains("redirect_uri"), "{}", page.text);
        }
    }
}

#[tokio::test]
async fn the_public_url_is_the_trusted_domain_until_the_switch_says_otherwise() {
    let sandbox = Sandbox::builder()
        .suites([suite(SUITE)])
        .notify("http://127.0.0.1:9/auth/notify")
        .public_url("https://App.example:443/portal")
        .start()
        .await
        .unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "app.example");
    sandbox.change_settings(json!({"trustedDomain": "other.example"})).await.unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "other.example");
    sandbox.change_settings(json!({"trustedDomain": null})).await.unwrap();
    assert_eq!(sandbox.state()["trustedDomain"], "app.example");
    sandbox.shutdown().await;
    for bad in ["app.example", "ftp://app.example", "https://"] {
        assert!(Sandbox::builder().suites([suite(SUITE)]).public_url(bad).start().await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn pages_speak_the_browsers_language_and_rather_the_links() {
    let world = World::start().await;
    world.authorise().await;
    let back = format!("http://{}/cb", world.app.authority);
    let query = format!("appid={}&agentid=1000002&redirect_uri={}", world.corp(0), encode(&back));
    let qr = format!("/wwlogin/sso/login?login_type=CorpApp&{query}");
    let consent = format!(
        "/connect/oauth2/authorize?response_type=code&scope=snsapi_privateinfo&{query}&sandboxUser={}",
        world.user(0)
    );
    let refusal = "/wwlogin/sso/login?login_type=CorpApp&appid=nobody".to_owned();
    for (path, zh, en) in [
        (qr, "扫码登录", "Scan to log in"),
        (consent, "允许", "Allow"),
        (refusal, "登录链接有误", "This login link is not right"),
        ("/sandbox?".to_owned(), "企业微信沙箱", "WeCom sandbox"),
        ("/wwopen/customApp/authorize?key=x".to_owned(), "此链接无效", "This link does not work"),
    ] {
        for (accepted, more, chinese) in [
            ("zh-CN", "", true),
            ("en", "", false),
            ("en", "&lang=zh", true),
            ("zh-CN", "&lang=en", false),
            ("zh-CN", "&lang=fr", true),
        ] {
            let url = format!("{}{path}{more}", world.sandbox.url());
            let page = send(Method::GET, &url, &[("accept-language", accepted)], String::new()).await;
            let (said, other, tag) = if chinese { (zh, en, "zh-CN") } else { (en, zh, "en") };
            assert!(page.text.contains(said) && !page.text.contains(other), "{url}: {}", page.text);
            assert!(page.text.contains(&format!("<html lang=\"{tag}\">")), "{url}");
        }
    }
}

#[tokio::test]
async fn a_wrong_link_is_refused_and_its_text_is_escaped() {
    let world = World::start().await;
    let back = format!("http://{}/cb", world.app.authority);
    let link = Link::oauth(&world, "snsapi_base");
    assert_eq!(link.open(&back, "").await.status, 400, "nothing is installed");
    world.authorise().await;
    assert_eq!(Link::oauth(&world, "nonsense").open(&back, "").await.status, 400);
    let other = format!("/connect/oauth2/authorize?appid={SUITE}&redirect_uri={}", encode(&back));
    assert_eq!(world.get(&other).await.status, 400);
    let page = link.open("http://<script>alert(1)</script>/", "").await;
    assert_eq!(page.status, 400);
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    let path = format!(
        "/wwlogin/sso/login?login_type=ServiceApp&appid={}&agentid=1000002&redirect_uri={}",
        world.corp(0),
        encode(&back)
    );
    assert_eq!(world.get(&path).await.status, 400);
}

#[tokio::test]
async fn privateinfo_asks_first() {
    let world = World::start().await;
    let token = world.app_token().await;
    let back = format!("http://{}/cb", world.app.authority);
    let link = Link::oauth(&world, "snsapi_privateinfo");
    let consent = link.choose(&back, 0).await;
    assert_eq!(consent.status, 200);
    let answers = links(&consent);
    let yes = world.get(&format!("{}{}", link.path, answers[0])).await.location.unwrap();
    let answer = world.userinfo(&token, &query(&yes)["code"]).await;
    assert!(answer["user_ticket"].is_string(), "{answer}");
    let no = world.get(&format!("{}{}", link.path, answers[1])).await.location.unwrap();
    assert_eq!(no, format!("{back}?state=abc123"));
    assert_eq!(link.choose(&back, 4).await.status, 403);
}

#[tokio::test]
async fn without_a_licence_nobody_comes_back_from_the_page() {
    let world = World::start().await;
    world.authorise().await;
    world.sandbox.change_settings(json!({"licence": false})).await.unwrap();
    let back = format!("http://{}/cb", world.app.authority);
    let page = Link::oauth(&world, "snsapi_base").choose(&back, 0).await;
    assert_eq!((page.status, page.location), (403, None));
    let push = world.app.wait_for("unlicensed_notify", 1).await;
    assert_eq!(push.field("UserID"), Some(world.user(0)));
}

#[tokio::test]
async fn an_authorisation_link_brings_its_state_back() {
    let world = World::start().await;
    let token = world.provider_token().await;
    let api = format!("service/get_customized_auth_url?provider_access_token={token}");
    for (body, errcode) in [
        (json!({"state": "a-b", "templateid_list": [SUITE]}), 40058),
        (json!({"state": "x".repeat(33), "templateid_list": [SUITE]}), 40058),
        (json!({"state": "a", "templateid_list": []}), 40058),
        (json!({"state": "a", "templateid_list": ["dkOther"]}), 40083),
    ] {
        assert_eq!(world.call_with(&api, body.clone()).await["errcode"], errcode, "{body}");
    }
    let bad = world.call_with("service/get_customized_auth_url?provider_access_token=x", json!({})).await;
    assert_eq!(bad["errcode"], 40082);
    let answer = world.call_with(&api, json!({"state": "order7", "templateid_list": [SUITE]})).await;
    assert_eq!(answer["expires_in"], 864_000);
    let url = text(&answer, "qrcode_url");
    let page = send(Method::GET, &url, &[], String::new()).await;
    assert!(page.status == 200 && page.text.contains(&world.corp(1)), "{}", page.text);
    let form = format!("key={}&corpId={}", query(&url)["key"], world.corp(1));
    let to = format!("{}/wwopen/customApp/authorize", world.sandbox.url());
    assert_eq!(send(Method::POST, &to, &[], form).await.status, 200);
    let push = world.app.last("create_auth");
    assert_eq!(push.field("State").as_deref(), Some("order7"));
    let suite = world.suite_token().await;
    let api = format!("service/v2/get_permanent_code?suite_access_token={suite}");
    let exchanged = world.call_with(&api, json!({"auth_code": push.field("AuthCode")})).await;
    assert_eq!(
        (&exchanged["state"], &exchanged["auth_corp_info"]["corpid"]),
        (&json!("order7"), &json!(world.corp(1)))
    );
    let gone = format!("{}/wwopen/customApp/authorize?key=nonsense", world.sandbox.url());
    assert_eq!(send(Method::GET, &gone, &[], String::new()).await.status, 404);
}

#[tokio::test]
async fn the_console_shows_everything_and_has_the_buttons() {
    let world = World::start().await;
    world.authorise().await;
    let page = world.get("/sandbox?lang=en").await;
    assert_eq!(page.status, 200);
    let corp = format!("/sandbox/corps/{}", world.corp(0));
    let member = format!("{corp}/members/{}", world.user(0));
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
    let permanent = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    assert!(!page.text.contains(&permanent), "no secret is shown");
}
