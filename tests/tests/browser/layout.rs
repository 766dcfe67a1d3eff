//! Layout of every page: both languages, phone and desktop, light and dark.

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Language, Viewport, Window};
use wecom_login_tests::process::DemoProcess;

use crate::a11y::{every_field_has_an_edge, everything_by_tab, everything_has_a_name};

/// Both sizes in both languages, and each viewport in the dark once.
pub(crate) const LOOKS: [(Viewport, Language, bool); 6] = [
    (Viewport::Phone, Language::Chinese, false),
    (Viewport::Phone, Language::English, false),
    (Viewport::Desktop, Language::Chinese, false),
    (Viewport::Desktop, Language::English, false),
    (Viewport::Phone, Language::Chinese, true),
    (Viewport::Desktop, Language::English, true),
];

/// Every page of ours.
pub(crate) async fn login_pages_fit_every_profile(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let login = format!("{}/auth/login?corpId={}", app.url, corp.id);
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
            ("not-authorized", "/auth/login?corpId=wwnobody"),
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
    let corp = &app.authorized_corps().await[0];
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
                corp.member.0
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
        window.wait_for_text(&corp.member.1).await;
        look_at(session, &window, "people", (viewport, language, dark)).await;
        // WeCom's own parameter has precedence over the browser's language.
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

/// The parameters of a link to WeCom.
pub(crate) async fn query(app: &DemoProcess) -> String {
    let corp = &app.authorized_corps().await[0];
    format!(
        "appid={}&agentid={}&state=ab12&redirect_uri={}%2Fauth%2Fcallback",
        corp.id, corp.agent_id, app.url
    )
}

/// Keeps a picture, and checks what holds for every page: nobody scrolls sideways, a screen reader finds its way, and
/// so does the keyboard.
pub(crate) async fn look_at(
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
