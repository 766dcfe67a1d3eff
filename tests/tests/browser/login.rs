//! Logins by QR code, workbench and organization code.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Language};
use wecom_login_tests::process::DemoProcess;

use crate::steps::{begin, is_in};

/// The QR page on a desktop; the session cookie is what it should be, and little of the login is left.
pub(crate) async fn qr_login_sets_the_session_cookie(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, corp, "/api/public?from=qr").await;
    session.screenshot(&window, "scan").await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?from=qr", app.url))
        .await;
    is_in(&window, corp).await;
    let cookies = window.cookies().await;
    let cookie = cookies
        .iter()
        .find(|cookie| cookie["name"] == "wecom_login")
        .unwrap();
    assert_eq!(
        (&cookie["httpOnly"], &cookie["sameSite"]),
        (&json!(true), &json!("Lax"))
    );
    assert_eq!(
        (&cookie["secure"], &cookie["path"]),
        (&json!(false), &json!("/"))
    );
    // The cookie of the login stays for the repeats of its callback, ten minutes at the most.
    let left = cookies
        .iter()
        .find(|cookie| cookie["name"].as_str().unwrap().contains("state"))
        .unwrap();
    let seconds = left["expires"].as_f64().unwrap()
        - SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
    assert!(seconds <= 600.0, "{left}");
    let (_, me) = window.fetch("GET", "/auth/me").await;
    assert_eq!(me["session"]["loginType"], "qr");
}

/// A page that wants a login sends the browser to it, and gets it back.
pub(crate) async fn protected_page_is_shown_after_login(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    window.goto(&format!("{}/", app.url)).await;
    window.click_text("Your account").await;
    window
        .wait_for_url(&format!("{}/auth/login?returnTo=/account", app.url))
        .await;
    window.fill("#orgCode", "demo-a").await;
    window.click("button").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&format!("{}/account", app.url)).await;
    window.wait_for_text(&corp.member.1).await;
    session.screenshot(&window, "account").await;
    is_in(&window, corp).await;
    window.click_text("log out").await;
    window.wait_for_text("Nobody is logged in").await;
    // The form of the organization code is the click that a logout wants.
    window.goto(&format!("{}/account?tab=2", app.url)).await;
    window.wait_for_text("Organization code").await;
    assert_eq!(
        window
            .script("return document.querySelector('#orgCode').value")
            .await,
        "demo-a"
    );
    window.click("button").await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}/account?tab=2", app.url))
        .await;
    window.wait_for_text(&corp.member.1).await;
}

/// WeCom's own browser is sent through OAuth, without a QR code.
pub(crate) async fn workbench_login_needs_no_qr_code(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::workbench()).await;
    window
        .goto(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, corp.id
        ))
        .await;
    window
        .wait_for_url(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
        .await;
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, corp).await;
    let (_, me) = window.fetch("GET", "/auth/me").await;
    assert_eq!(me["session"]["loginType"], "workbench");
    window.wait_for_text(&corp.member.1).await;
    session.screenshot(&window, "in").await;
}

/// With `snsapi_privateinfo` WeCom asks the member first: declining leads to an error page, allowing to the app.
pub(crate) async fn consent_page_is_asked_for_private_info(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    for (number, look) in [BrowserProfile::workbench(), BrowserProfile::desktop()]
        .into_iter()
        .enumerate()
    {
        let window = session.open(look).await;
        let chinese = look.language == Language::Chinese;
        for (answer, told) in [
            (
                if chinese { "拒绝" } else { "Deny" },
                if chinese {
                    "登录已取消"
                } else {
                    "was canceled"
                },
            ),
            (
                if chinese { "允许" } else { "Allow" },
                corp.member.0.as_str(),
            ),
        ] {
            let login = format!(
                "{}/auth/login?corpId={}&mode=workbench&returnTo=/account",
                app.url, corp.id
            );
            window.goto(&login).await;
            window
                .wait_for_url(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
                .await;
            // The examples' instances ask for less; the link is the same but for the scope.
            let link = window
                .url()
                .await
                .replace("snsapi_base", "snsapi_privateinfo");
            window.goto(&link).await;
            window.click_text(&corp.member.1).await;
            window
                .wait_for_text(if chinese {
                    "允许应用获取以下信息吗"
                } else {
                    "allow the app to access this data"
                })
                .await;
            session
                .screenshot(&window, &format!("asked-{number}"))
                .await;
            window.click_text(answer).await;
            window.wait_for_text(told).await;
        }
        is_in(&window, corp).await;
    }
}

/// A member types the corp's organization code: a wrong one is reported, the right one is remembered.
pub(crate) async fn organization_code_is_checked_and_remembered(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[1];
    app.set_organization_code(&corp.id, "Acme-1").await;
    let window = session.open(BrowserProfile::desktop()).await;
    window
        .goto(&format!("{}/auth/login?returnTo=/api/public", app.url))
        .await;
    window.wait_for_text("Organization code").await;
    window.fill("#orgCode", "nobody").await;
    window.click("button").await;
    window
        .wait_for_text("No company has this organization code")
        .await;
    session.screenshot(&window, "unknown").await;
    window.fill("#orgCode", "ACME-1").await;
    window.click("button").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&corp.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, corp).await;
    window.goto(&format!("{}/auth/login", app.url)).await;
    let typed = window
        .script("return document.querySelector('#orgCode').value.toLowerCase()")
        .await;
    assert_eq!(typed, "acme-1");
}

/// `returnTo` redirects to paths of the app only.
pub(crate) async fn return_to_stays_on_this_origin(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    for elsewhere in [
        "https://a.invalid/",
        "//a.invalid",
        "/%5Ca.invalid",
        "/%09/a.invalid",
        "javascript:alert(1)",
    ] {
        window
            .goto(&format!(
                "{}/auth/login?corpId={}&returnTo={elsewhere}",
                app.url, corp.id
            ))
            .await;
        window.click_text(&corp.member.1).await;
        window.wait_for_url(&format!("{}/", app.url)).await;
        assert_eq!(window.url().await, format!("{}/", app.url), "{elsewhere}");
    }
}
