//! The OAuth page and the QR page.

use serde_json::json;
use wecom_sandbox::Sandbox;

use crate::harness::{Harness, HttpResponse, encode, query};
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

/// A login link.
struct Link<'a> {
    harness: &'a Harness,
    path: &'static str,
    /// Further parameters.
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

    async fn open(&self, redirect_uri: &str) -> HttpResponse {
        let harness = self.harness;
        let path = format!(
            "{}?appid={}&redirect_uri={}&state=abc123&agentid=1000002{}",
            self.path,
            harness.corp(0),
            encode(redirect_uri),
            self.more
        );
        harness.get(&path).await
    }

    /// Clicks the link with this index.
    async fn choose(&self, redirect_uri: &str, index: usize) -> HttpResponse {
        let page = self.open(redirect_uri).await;
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
    let page = link.open(&back).await;
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
        format!("http://user@{host}/"),
        format!("http://a;b@{host}/"),
        "http://127.0.0.1:1/".to_owned(),
        "javascript:alert(1)".to_owned(),
        String::new(),
    ] {
        for link in [Link::oauth(&harness, "snsapi_base"), Link::qr(&harness)] {
            let page = link.open(&bad).await;
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
async fn invalid_link_is_400_and_escaped() {
    let harness = Harness::start().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let link = Link::oauth(&harness, "snsapi_base");
    assert_eq!(link.open(&back).await.status, 400, "nothing is installed");
    harness.authorize().await;
    assert_eq!(
        Link::oauth(&harness, "nonsense").open(&back).await.status,
        400
    );
    let other = format!(
        "/connect/oauth2/authorize?appid={SUITE}&redirect_uri={}",
        encode(&back)
    );
    assert_eq!(harness.get(&other).await.status, 400);
    let page = link.open("http://<script>alert(1)</script>/").await;
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
    assert_eq!(push.field("FromUserName"), Some(harness.user(0)));
    assert_eq!(push.field("AgentID").as_deref(), Some("1000002"));
    assert_eq!(push.field("UserID"), None);
    let page = Link::oauth(&harness, "snsapi_base").choose(&back, 4).await;
    assert_eq!(page.status, 403);
    let _ = Link::oauth(&harness, "snsapi_base").choose(&back, 1).await;
    let push = harness.app.wait_for("unlicensed_notify", 2).await;
    assert_eq!(
        push.field("FromUserName"),
        Some(harness.user(1)),
        "nothing is sent for people outside the range"
    );
}

#[tokio::test]
async fn userinfo_scope_asks_nobody_and_gives_no_ticket() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let link = Link::oauth(&harness, "snsapi_userinfo");
    for index in [0, 4] {
        let location = link.choose(&back, index).await.location.unwrap();
        let answer = harness.userinfo(&token, &query(&location)["code"]).await;
        assert_eq!(answer["userid"], harness.user(index));
        assert!(answer.get("user_ticket").is_none(), "{answer}");
    }
}

#[tokio::test]
async fn qr_page_takes_any_state_and_the_oauth_page_letters_and_digits() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let back = format!("http://{}/cb", harness.app.authority);
    let state = "a-b_c.d/e?f=g&h 中".repeat(20);
    let open = async |path: &str, more: &str| {
        let path = format!(
            "{path}?appid={}&redirect_uri={}&agentid=1000002&state={}{more}",
            harness.corp(0),
            encode(&back),
            encode(&state)
        );
        harness.get(&path).await
    };
    let qr = open("/wwlogin/sso/login", "&login_type=CorpApp").await;
    assert_eq!(qr.status, 200);
    let chosen = format!("/wwlogin/sso/login{}", links(&qr)[0]);
    let location = harness.get(&chosen).await.location.unwrap();
    assert_eq!(query(&location)["state"], state);
    let oauth = open("/connect/oauth2/authorize", "&scope=snsapi_base").await;
    assert_eq!(oauth.status, 400);
}
