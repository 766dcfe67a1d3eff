//! How the pages look, in both languages, on a phone and on a desktop, in light and dark; and their headers.

use std::fmt::Write as _;

use serde_json::json;
use wecom_login_tests::browser::{ExampleApp, Language, Look, Size, Stage, Window};
use wecom_login_tests::{Ask, Reply};

/// Every page of ours that needs no session.
pub(crate) async fn login_pages(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    for (size, language, dark) in [
        (Size::Phone, Language::Chinese, false),
        (Size::Phone, Language::English, true),
        (Size::Desktop, Language::Chinese, true),
        (Size::Desktop, Language::English, false),
    ] {
        let window = stage.open(Look { size, language, dark, ..Look::desktop() }).await;
        let tag = format!("{size:?}-{language:?}-{}", if dark { "dark" } else { "light" }).to_lowercase();
        for (name, path) in [
            ("home", "/"),
            ("code", "/auth/login"),
            ("unknown-code", "/auth/login?orgCode=nobody"),
            ("not-this-browser", "/auth/callback?code=x&state=0123456789abcdef0123456789abcdef"),
            ("bad-link", "/auth/callback"),
            ("not-authorised", "/auth/login?corpId=wwnobody"),
        ] {
            window.go(&format!("{}{path}", app.url)).await;
            look_at(stage, &window, &format!("{name}-{tag}")).await;
            if name != "home" {
                let lang = if language == Language::Chinese { "zh-CN" } else { "en" };
                assert_eq!(window.attribute("html", "lang").await.as_deref(), Some(lang));
                // Our style sheet passed our own policy.
                let width =
                    window.script("return getComputedStyle(document.querySelector('main')).maxWidth").await;
                assert_eq!(width, "416px");
            }
        }
        window.go(&format!("{}/auth/login?corpId={}", app.url, company.id)).await;
        window.choose("Refuse").await;
        window.arrives(&format!("{}/auth/callback", app.url)).await;
        look_at(stage, &window, &format!("cancelled-{tag}")).await;
    }
}

/// Every page of the sandbox.
pub(crate) async fn sandbox_pages(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let query = format!(
        "appid={}&agentid={}&state=ab12&redirect_uri={}%2Fauth%2Fcallback",
        company.id, company.agent_id, app.url
    );
    let oauth = format!("/connect/oauth2/authorize?response_type=code&{query}");
    let pages = [
        ("qr", format!("/wwlogin/sso/login?login_type=CorpApp&{query}")),
        ("oauth", format!("{oauth}&scope=snsapi_base")),
        ("consent", format!("{oauth}&scope=snsapi_privateinfo&sandboxUser={}", company.person.0)),
        ("refusal", "/wwlogin/sso/login?login_type=CorpApp&appid=nobody".to_owned()),
        ("console", "/sandbox".to_owned()),
    ];
    app.control("/faults", &json!({"api": "gettoken", "times": 1, "errcode": -1})).await;
    for (size, dark) in [(Size::Phone, false), (Size::Desktop, true)] {
        let window = stage.open(Look { size, dark, ..Look::desktop() }).await;
        for (name, path) in &pages {
            window.go(&format!("{}{path}", app.sandbox_url)).await;
            look_at(stage, &window, &format!("{name}-{size:?}").to_lowercase()).await;
        }
        window.click("summary").await;
        window.says(&company.person.1).await;
        look_at(stage, &window, &format!("people-{size:?}").to_lowercase()).await;
    }
}

/// The headers of every page of ours are kept beside the pictures, and hold what a login page needs.
pub(crate) async fn headers_of_every_page(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let mut all = String::new();
    for (target, status) in [
        ("/auth/login".to_owned(), 200),
        ("/auth/login?orgCode=nobody".to_owned(), 404),
        ("/auth/login?corpId=wwnobody".to_owned(), 403),
        (format!("/auth/login?corpId={}", company.id), 302),
        ("/auth/callback".to_owned(), 400),
        ("/auth/callback?code=x&state=0123456789abcdef0123456789abcdef".to_owned(), 403),
    ] {
        let reply = app.send(Ask::get(&target).header("accept", "text/html")).await;
        let _ = writeln!(all, "GET {target}: {}", reply.status);
        for (name, value) in &reply.headers {
            let _ = writeln!(all, "  {name}: {value}");
        }
        assert_eq!(reply.status, status, "{target}");
        assert_strict(&reply);
    }
    stage.keep(&all);
}

fn assert_strict(reply: &Reply) {
    let policy = reply.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{reply:?}");
    }
}

async fn look_at(stage: &Stage, window: &Window, name: &str) {
    stage.picture(window, name).await;
    assert!(!window.overflows().await, "{name} is wider than its window");
}
