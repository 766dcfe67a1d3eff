//! Error pages of the login.

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Language, Viewport};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::until;

use crate::a11y::everything_has_a_name;
use crate::steps::{begin, is_in, is_out, log_in, state_of, way_back};

/// A member who declines gets a page that says so, and may try again.
pub(crate) async fn cancelled_login_can_be_repeated(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public").await;
    window.click_text("Deny").await;
    window.wait_for_text("The login was canceled").await;
    is_out(&window).await;
    window.click_text("Log in again").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, corp).await;
}

/// WeCom's code is older than five minutes.
pub(crate) async fn expired_code_shows_its_page(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public").await;
    let back = way_back(&window, app).await;
    app.control("/clock", &json!({"advanceMs": 301_000})).await;
    window.goto(&format!("{}{back}", app.url)).await;
    window.wait_for_text("The login has expired").await;
    session.screenshot(&window, "told").await;
    is_out(&window).await;
    window.click_text("Log in again").await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, corp).await;
}

/// The cookie of the login is gone, as after ten minutes.
pub(crate) async fn deleted_flow_cookie_shows_its_page(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/").await;
    let back = way_back(&window, app).await;
    window.goto(&format!("{}/", app.url)).await;
    window
        .delete_cookie(&format!("wecom_state_{}", state_of(&back)))
        .await;
    window.goto(&format!("{}{back}", app.url)).await;
    window.wait_for_text("Login could not be completed").await;
    is_out(&window).await;
}

/// The back button after a login: the old attempt is over, the session is not.
pub(crate) async fn back_button_does_not_repeat_the_login(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/api/public").await;
    window.back().await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    // Another code, for the state that is used.
    window.click_text(&corp.member.1).await;
    window.wait_for_text("This login is no longer valid").await;
    session.screenshot(&window, "old-attempt").await;
    window.click_text("Continue to the app").await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, corp).await;
}

/// A state that nobody made, and one that is none.
pub(crate) async fn forged_state_shows_an_error(session: &BrowserSession, app: &DemoProcess) {
    let window = session.open(BrowserProfile::desktop()).await;
    window
        .goto(&format!(
            "{}/auth/callback?code=forged&state={}",
            app.url,
            "0123456789abcdef".repeat(2)
        ))
        .await;
    window.wait_for_text("Login could not be completed").await;
    session.screenshot(&window, "told").await;
    for query in [
        "code=forged&state=%3Cb%3E",
        "code=forged",
        "state=1&state=2&code=forged",
    ] {
        window
            .goto(&format!("{}/auth/callback?{query}", app.url))
            .await;
        window.wait_for_text("This login link is not valid").await;
    }
    assert_eq!(window.cookies().await.len(), 0);
    let state = app.state().await;
    assert!(
        state["calls"]["auth/getuserinfo"].is_null(),
        "a forged state reached WeCom"
    );
}

/// A link that another browser began: it lets nobody in there, and its code stays good where it belongs.
pub(crate) async fn state_of_another_browser_is_rejected(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let (own, other) = (
        session.open(BrowserProfile::desktop()).await,
        session.open(BrowserProfile::desktop()).await,
    );
    begin(&own, app, corp, "/api/public").await;
    let back = way_back(&own, app).await;
    other.goto(&format!("{}{back}", app.url)).await;
    other.wait_for_text("Login could not be completed").await;
    is_out(&other).await;
    own.goto(&format!("{}{back}", app.url)).await;
    own.wait_for_url(&format!("{}/api/public", app.url)).await;
    is_in(&own, corp).await;
}

/// People whom WeCom knows and the app must reject.
pub(crate) async fn rejected_member_sees_the_reason(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::workbench()).await;
    for (kind, told) in [
        ("non-member", "您不是该企业的成员"),
        ("invisible", "您没有使用该应用的权限"),
    ] {
        window
            .goto(&format!("{}/auth/login?corpId={}", app.url, corp.id))
            .await;
        window.click_text(&corp.special(kind)).await;
        window.wait_for_text(told).await;
        session.screenshot(&window, kind).await;
        is_out(&window).await;
    }
}

/// The pages of members whom the app rejects, on a phone and on a desktop, in both languages.
pub(crate) async fn error_pages_fit_every_profile(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let (stranger, hidden) = (corp.special("non-member"), corp.special("invisible"));
    for (viewport, language) in [
        (Viewport::Phone, Language::Chinese),
        (Viewport::Phone, Language::English),
        (Viewport::Desktop, Language::Chinese),
        (Viewport::Desktop, Language::English),
    ] {
        let window = session
            .open(BrowserProfile {
                viewport,
                language,
                ..BrowserProfile::desktop()
            })
            .await;
        for (name, member, zh, en) in [
            (
                "not-a-member",
                &stranger,
                "您不是该企业的成员",
                "You are not a member",
            ),
            (
                "not-visible",
                &hidden,
                "您没有使用该应用的权限",
                "You don't have access to this app",
            ),
            (
                "no-licence",
                &corp.member.1,
                "您没有接口许可",
                "You have no interface license",
            ),
            (
                "expired",
                &corp.member.1,
                "登录已过期",
                "The login has expired",
            ),
        ] {
            let login = format!("{}/auth/login?corpId={}&mode=workbench", app.url, corp.id);
            window.goto(&login).await;
            window
                .wait_for_url(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
                .await;
            // 701008: the member has no license. 42003: the code is too old.
            let refusal = match name {
                "no-licence" => Some(701_008),
                "expired" => Some(42_003),
                _ => None,
            };
            if let Some(errcode) = refusal {
                let fault = json!({"api": "auth/getuserinfo", "times": 1, "errcode": errcode});
                app.control("/faults", &fault).await;
            }
            window.click_text(member).await;
            window
                .wait_for_text(if language == Language::Chinese {
                    zh
                } else {
                    en
                })
                .await;
            session
                .screenshot(
                    &window,
                    &format!("{name}-{viewport:?}-{language:?}").to_lowercase(),
                )
                .await;
            assert!(
                !window.overflows_horizontally().await,
                "{name} is wider than its window"
            );
            everything_has_a_name(&window, name).await;
            is_out(&window).await;
        }
    }
}

/// The corp cancels: its sessions end, and it cannot log in.
pub(crate) async fn cancelled_corp_cannot_log_in(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/").await;
    is_in(&window, corp).await;
    app.control(&format!("/corps/{}/cancel", corp.id), &json!({}))
        .await;
    until("the session is revoked", async || {
        window.fetch("GET", "/api/hello").await.0 == 401
    })
    .await;
    window
        .goto(&format!("{}/auth/login?corpId={}", app.url, corp.id))
        .await;
    window
        .wait_for_text("This company has not authorized the app")
        .await;
    session.screenshot(&window, "told").await;
}
