//! Logins in the company that a link, the last login or another site names.

use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Language, Viewport, Window};
use wecom_login_tests::process::{DemoCorp, DemoProcess};

use crate::a11y::everything_has_a_name;
use crate::steps::{begin, is_in};

/// Within WeCom, a link to a page of a company leads there, whoever is logged in; a day later the app still knows it.
pub(crate) async fn deep_link_leads_to_its_company(session: &BrowserSession, app: &DemoProcess) {
    let corps = app.authorized_corps().await;
    let window = session.open(BrowserProfile::workbench()).await;
    for corp in [&corps[0], &corps[1]] {
        let account = format!("{}/account?corpId={}", app.url, corp.id);
        window.goto(&account).await;
        at_oauth(&window, app, corp).await;
        window.click_text(&corp.member.1).await;
        window.wait_for_url(&account).await;
        is_in(&window, corp).await;
    }
    session.screenshot(&window, "account").await;
    // The session is gone; the page names no company.
    window.delete_cookie("wecom_login").await;
    let account = format!("{}/account", app.url);
    window.goto(&account).await;
    at_oauth(&window, app, &corps[1]).await;
    window.click_text(&corps[1].member.1).await;
    window.wait_for_url(&account).await;
    is_in(&window, &corps[1]).await;

    // On a desktop the form has a link to it.
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, &corps[0], "/account").await;
    window.click_text(&corps[0].member.1).await;
    window.wait_for_url(&account).await;
    window.delete_cookie("wecom_login").await;
    window.goto(&account).await;
    window.wait_for_text("Organization code").await;
    session.screenshot(&window, "last-company").await;
    window
        .click_text(&format!("Log in to {}", corps[0].name))
        .await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
}

/// WeChat's browser is on the phone that would scan the code.
pub(crate) async fn wechat_shows_no_qr_code(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::wechat()).await;
    window
        .goto(&format!("{}/auth/login?corpId={}", app.url, corp.id))
        .await;
    at_oauth(&window, app, corp).await;
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, corp).await;
}

/// A link on another site does not put a live session into another company without a click.
pub(crate) async fn link_of_another_site_asks_before_it_switches(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corps = app.authorized_corps().await;
    let (here, there) = (&corps[0], &corps[1]);
    let window = session.open(BrowserProfile::workbench()).await;
    window
        .goto(&format!("{}/auth/login?corpId={}", app.url, here.id))
        .await;
    at_oauth(&window, app, here).await;
    window.click_text(&here.member.1).await;
    is_in_app(&window, app, here).await;

    follow_from_elsewhere(&window, app, there).await;
    window.wait_for_text("切换企业").await;
    for corp in [here, there] {
        window.wait_for_text(&corp.name).await;
    }
    session.screenshot(&window, "asked").await;
    window.click_text("留在").await;
    is_in_app(&window, app, here).await;

    follow_from_elsewhere(&window, app, there).await;
    window.wait_for_text("切换企业").await;
    window.click("a.button").await;
    at_oauth(&window, app, there).await;
    window.click_text(&there.member.1).await;
    is_in_app(&window, app, there).await;
}

/// The page that asks, on a phone and on a desktop, in both languages.
pub(crate) async fn switch_pages_fit_every_profile(session: &BrowserSession, app: &DemoProcess) {
    let corps = app.authorized_corps().await;
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
        begin(&window, app, &corps[0], "/").await;
        window.click_text(&corps[0].member.1).await;
        is_in_app(&window, app, &corps[0]).await;
        follow_from_elsewhere(&window, app, &corps[1]).await;
        window.wait_for_text(&corps[1].name).await;
        let name = format!("{viewport:?}-{language:?}").to_lowercase();
        session.screenshot(&window, &name).await;
        assert!(!window.overflows_horizontally().await, "{name}");
        everything_has_a_name(&window, &name).await;
    }
}

/// The sandbox's console is another origin of this site.
async fn follow_from_elsewhere(window: &Window, app: &DemoProcess, corp: &DemoCorp) {
    window.goto(&format!("{}/sandbox", app.sandbox_url)).await;
    let login = format!("{}/auth/login?corpId={}", app.url, corp.id);
    window.script(&format!("location.href = '{login}'")).await;
    window
        .wait_for_url(&format!("{}/auth/login", app.url))
        .await;
}

async fn at_oauth(window: &Window, app: &DemoProcess, corp: &DemoCorp) {
    let authorize = format!("{}/connect/oauth2/authorize", app.sandbox_url);
    window.wait_for_url(&authorize).await;
    let url = window.url().await;
    assert!(url.contains(&format!("appid={}&", corp.id)), "{url}");
}

async fn is_in_app(window: &Window, app: &DemoProcess, corp: &DemoCorp) {
    window.wait_for_url(&format!("{}/", app.url)).await;
    window.wait_for_text(&corp.member.1).await;
    is_in(window, corp).await;
}
