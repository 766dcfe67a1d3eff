//! How the pages look, in both languages, on a phone and on a desktop, in light and dark; and their headers.

use std::fmt::Write as _;

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Language, Viewport, Window};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{TestRequest, TestResponse};

use crate::a11y::{every_field_has_an_edge, everything_by_tab, everything_has_a_name};

/// Both sizes in both languages, and each viewport in the dark once.
const LOOKS: [(Viewport, Language, bool); 6] = [
    (Viewport::Phone, Language::Chinese, false),
    (Viewport::Phone, Language::English, false),
    (Viewport::Desktop, Language::Chinese, false),
    (Viewport::Desktop, Language::English, false),
    (Viewport::Phone, Language::Chinese, true),
    (Viewport::Desktop, Language::English, true),
];

/// Every page of ours.
pub(crate) async fn login_pages_fit_every_profile(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
    let login = format!("{}/auth/login?corpId={}", app.url, company.id);
    for (viewport, language, dark) in LOOKS {
        let window = session
            .open(BrowserProfile {
                viewport,
                language,
                dark,
                ..BrowserProfile::desktop()
            })
            .await;
        let look =
            async |name: &str| look_at(session, &window, name, (viewport, language, dark)).await;
        window.goto(&format!("{}/", app.url)).await;
        session
            .screenshot(&window, &tagged("home", (viewport, language, dark)))
            .await;
        for (name, path) in [
            ("code", "/auth/login"),
            ("unknown-code", "/auth/login?orgCode=nobody"),
            (
                "not-this-browser",
                "/auth/callback?code=x&state=0123456789abcdef0123456789abcdef",
            ),
            ("bad-link", "/auth/callback"),
            ("not-authorised", "/auth/login?corpId=wwnobody"),
        ] {
            window.goto(&format!("{}{path}", app.url)).await;
            look(name).await;
            // Our style sheet passed our own policy.
            let width = window
                .script("return getComputedStyle(document.querySelector('main')).maxWidth")
                .await;
            assert_eq!(width, "416px");
        }
        window.goto(&login).await;
        window.click("a[href*='sandboxAnswer=no']").await;
        window
            .wait_for_url(&format!("{}/auth/callback", app.url))
            .await;
        look("cancelled").await;
        window.goto(&login).await;
        window.click_text("王芳").await;
        window.find("li a[href*='/auth/callback']").await;
        look("companies").await;
        window.click("li a").await;
        window.wait_for_text("wangfang").await;
        window.click("#logout").await;
        window.wait_for_text("Nobody").await;
        window.goto(&login).await;
        window.find("a.button[href*='confirm']").await;
        look("logged-out").await;
    }
}

/// Every page of the sandbox.
pub(crate) async fn sandbox_pages_fit_every_profile(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
    let query = query(app).await;
    let oauth = format!("/connect/oauth2/authorize?response_type=code&{query}");
    let pages = [
        (
            "qr",
            format!("/wwlogin/sso/login?login_type=CorpApp&{query}"),
            ("扫码登录", "Scan to log in"),
        ),
        (
            "oauth",
            format!("{oauth}&scope=snsapi_base"),
            ("谁点击了应用", "Who clicks the app"),
        ),
        (
            "consent",
            format!(
                "{oauth}&scope=snsapi_privateinfo&sandboxUser={}",
                company.member.0
            ),
            ("允许", "Allow"),
        ),
        (
            "refusal",
            "/wwlogin/sso/login?login_type=CorpApp&appid=nobody".to_owned(),
            ("登录链接有误", "not right"),
        ),
        ("console", "/sandbox".to_owned(), ("推送记录", "Deliveries")),
    ];
    app.control(
        "/faults",
        &json!({"api": "gettoken", "times": 1, "errcode": -1}),
    )
    .await;
    for (viewport, language, dark) in LOOKS {
        let window = session
            .open(BrowserProfile {
                viewport,
                language,
                dark,
                ..BrowserProfile::desktop()
            })
            .await;
        for (name, path, (zh, en)) in &pages {
            window.goto(&format!("{}{path}", app.sandbox_url)).await;
            window
                .wait_for_text(if language == Language::Chinese {
                    zh
                } else {
                    en
                })
                .await;
            look_at(session, &window, name, (viewport, language, dark)).await;
        }
        window.click("summary").await;
        window.wait_for_text(&company.member.1).await;
        look_at(session, &window, "people", (viewport, language, dark)).await;
        // What WeCom's own parameter says counts more than the browser.
        window
            .goto(&format!("{}{}&lang=en", app.sandbox_url, pages[0].1))
            .await;
        window.wait_for_text(pages[0].2.1).await;
    }
    let window = session.open(BrowserProfile::desktop()).await;
    window.goto(&format!("{}/sandbox", app.sandbox_url)).await;
    window.click_text("Push a ticket").await;
    window.wait_for_text("\"event\":\"suite_ticket\"").await;
    session.screenshot(&window, "pushed").await;
}

/// The headers of every page are kept beside the pictures, and hold what a login page needs.
pub(crate) async fn every_page_has_strict_headers(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
    let mut all = String::new();
    for (target, status) in [
        ("/auth/login".to_owned(), 200),
        ("/auth/login?orgCode=nobody".to_owned(), 404),
        ("/auth/login?corpId=wwnobody".to_owned(), 403),
        (format!("/auth/login?corpId={}", company.id), 302),
        (
            format!("/auth/login?corpId={}&mode=workbench", company.id),
            302,
        ),
        ("/auth/callback".to_owned(), 400),
        (
            "/auth/callback?code=x&state=0123456789abcdef0123456789abcdef".to_owned(),
            403,
        ),
    ] {
        ours(app, &mut all, &target, "", status).await;
    }
    let login = format!("/auth/login?corpId={}", company.id);
    ours(
        app,
        &mut all,
        &login,
        "wecom_logged_out=0123456789abcdef0123456789abcdef",
        200,
    )
    .await;
    // A person of two companies: to WeCom, back to the page of companies, and into one of them.
    let begun = ours(app, &mut all, &login, "", 302).await;
    let back = app
        .redirect_target(&format!(
            "{}&sandboxUser=wangfang",
            begun.header("location").unwrap()
        ))
        .await;
    let proven = ours(app, &mut all, &back, &cookies(&begun), 303).await;
    let list = proven.header("location").unwrap();
    let companies = ours(app, &mut all, list, &cookies(&proven), 200).await;
    let page = companies.text().replace("&amp;", "&");
    let link = page
        .split("<li><a href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let entered = ours(app, &mut all, link, &cookies(&proven), 303).await;
    assert_eq!(entered.header("location"), Some("/"));
    let query = query(app).await;
    let oauth = format!("/connect/oauth2/authorize?response_type=code&{query}");
    let back = |link: &str| format!("{link}&sandboxUser={}", company.member.0);
    let qr = format!("/wwlogin/sso/login?login_type=CorpApp&{query}");
    let nowhere = "frame-ancestors 'none'".to_owned();
    // WeCom's own is shown in panels.
    let in_the_app = format!("frame-ancestors {}", app.url);
    for (target, status, frames) in [
        (qr.clone(), 200, Some(&in_the_app)),
        (back(&qr), 302, None),
        (format!("{oauth}&scope=snsapi_base"), 200, Some(&nowhere)),
        (back(&format!("{oauth}&scope=snsapi_base")), 302, None),
        (
            back(&format!("{oauth}&scope=snsapi_privateinfo")),
            200,
            Some(&nowhere),
        ),
        (
            "/wwlogin/sso/login?appid=nobody".to_owned(),
            400,
            Some(&nowhere),
        ),
        (
            "/wwopen/customApp/authorize?key=nobody".to_owned(),
            404,
            Some(&nowhere),
        ),
        ("/sandbox".to_owned(), 200, Some(&nowhere)),
    ] {
        let reply = app
            .send_to_sandbox(TestRequest::get(&target).header("accept", "text/html"))
            .await;
        keep(&mut all, &format!("(sandbox) {target}"), &reply);
        assert_eq!(reply.status, status, "{target}");
        match frames {
            Some(frames) => assert_strict(&reply, frames),
            None => assert_eq!(
                reply.header("referrer-policy"),
                Some("no-referrer"),
                "{reply:?}"
            ),
        }
    }
    session.save_text(&all);
}

/// One of our pages, with these cookies.
async fn ours(
    app: &DemoProcess,
    all: &mut String,
    target: &str,
    cookies: &str,
    status: u16,
) -> TestResponse {
    let reply = app
        .send(
            TestRequest::get(target)
                .header("accept", "text/html")
                .header("cookie", cookies),
        )
        .await;
    keep(all, target, &reply);
    assert_eq!(reply.status, status, "{target}");
    assert_strict(&reply, "frame-ancestors 'none'");
    reply
}

/// What a browser sends back of the cookies that it was given.
fn cookies(reply: &TestResponse) -> String {
    let given = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    given
        .map(|(_, value)| value.split(';').next().unwrap())
        .collect::<Vec<_>>()
        .join("; ")
}

/// What a link to WeCom says of the app.
async fn query(app: &DemoProcess) -> String {
    let company = &app.companies().await[0];
    format!(
        "appid={}&agentid={}&state=ab12&redirect_uri={}%2Fauth%2Fcallback",
        company.id, company.agent_id, app.url
    )
}

pub(crate) fn keep(all: &mut String, target: &str, reply: &TestResponse) {
    let _ = writeln!(all, "GET {target}: {}", reply.status);
    for (name, value) in &reply.headers {
        let _ = writeln!(all, "  {name}: {value}");
    }
}

pub(crate) fn assert_strict(reply: &TestResponse, frames: &str) {
    let policy = reply.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "base-uri 'none'", frames] {
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

/// Keeps a picture, and checks what holds for every page: nobody scrolls sideways, a screen reader finds its way, and
/// so does the keyboard.
async fn look_at(
    session: &BrowserSession,
    window: &Window,
    name: &str,
    look: (Viewport, Language, bool),
) {
    let name = tagged(name, look);
    session.screenshot(window, &name).await;
    assert!(
        !window.overflows_horizontally().await,
        "{name} is wider than its window"
    );
    let lang = if look.1 == Language::Chinese {
        "zh-CN"
    } else {
        "en"
    };
    assert_eq!(
        window.attribute("html", "lang").await.as_deref(),
        Some(lang),
        "{name}"
    );
    everything_has_a_name(window, &name).await;
    every_field_has_an_edge(window, &name).await;
    if look == LOOKS[0] || look == LOOKS[3] {
        everything_by_tab(window, &name).await;
    }
}

fn tagged(name: &str, (viewport, language, dark): (Viewport, Language, bool)) -> String {
    format!(
        "{name}-{viewport:?}-{language:?}-{}",
        if dark { "dark" } else { "light" }
    )
    .to_lowercase()
}
