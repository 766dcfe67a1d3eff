//! Sessions of one browser: several tabs, several corps, logout, cookies on https.

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Key};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{TestRequest, until};

use crate::steps::{begin, is_in, is_out, log_in, tab_to};

/// Two logins under way in two tabs: both come to their end, each in its place; the later session is the browser's.
pub(crate) async fn two_tabs_log_in_independently(session: &BrowserSession, app: &DemoProcess) {
    let corps = app.authorized_corps().await;
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, &corps[0], "/api/public?tab=1").await;
    let first = window.new_tab().await;
    begin(&window, app, &corps[1], "/api/public?tab=2").await;
    let second = window.switch_tab(first).await;
    window.click_text(&corps[0].member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?tab=1", app.url))
        .await;
    is_in(&window, &corps[0]).await;
    let cookies = window.cookies().await;
    let first = cookies
        .iter()
        .find(|cookie| cookie["name"] == "wecom_login")
        .unwrap()["value"]
        .clone();
    let first = TestRequest::get("/api/hello").bearer(first.as_str().unwrap());
    assert_eq!(app.send(first.clone()).await.status, 200);
    window.switch_tab(second).await;
    window.click_text(&corps[1].member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?tab=2", app.url))
        .await;
    is_in(&window, &corps[1]).await;
    app.send(first).await.assert_problem(401, "TOKEN_INVALID");
}

/// A member of two corps, as the example's own binder says, chooses one. Once she has left the other corp there
/// is nothing to choose.
pub(crate) async fn user_of_two_corps_selects_one(session: &BrowserSession, app: &DemoProcess) {
    let corps = app.authorized_corps().await;
    let (here, there) = (&corps[0], &corps[1]);
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, here, "/api/public").await;
    window.click_text("王芳").await;
    window.wait_for_text("Choose a company").await;
    window.wait_for_text(&here.name).await;
    session.screenshot(&window, "choose").await;
    is_out(&window).await;
    // The code has left the URL, and the page may be loaded again.
    assert!(
        !window.url().await.contains("code="),
        "{}",
        window.url().await
    );
    window.reload().await;
    window.wait_for_text(&here.name).await;
    window.double_click_text(&there.name).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    let (status, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!(status, 200, "{user}");
    assert_eq!(user["corpId"], there.id.as_str());
    assert_eq!(user["userId"], "wangfang");
    window.back().await;
    window.wait_for_text("This login is no longer valid").await;
    session.screenshot(&window, "back").await;
    window.click_text("Continue to the app").await;
    window.wait_for_text("wangfang").await;

    app.control(
        &format!("/corps/{}/members/wangfang/leave", there.id),
        &json!({}),
    )
    .await;
    until("the member has left the other corp", async || {
        app.corp_list(here, "wangfang").await.len() == 1
    })
    .await;
    window.goto(&format!("{}/", app.url)).await;
    window.wait_for_text("Nobody is logged in").await;
    begin(&window, app, here, "/api/public").await;
    window.click_text("王芳").await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    let (_, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!(
        (&user["corpId"], &user["userId"]),
        (&json!(here.id), &json!("wangfang"))
    );
}

/// On plain http another app of this host may have left cookies of our name, which the browser sends first.
pub(crate) async fn stale_cookie_of_another_path_does_not_win(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    window.goto(&format!("{}/", app.url)).await;
    for path in ["/account", "/api", "/auth"] {
        let script = format!("document.cookie = 'wecom_login=stale; path={path}'");
        window.script(&script).await;
    }
    log_in(&window, app, corp, "/account").await;
    window.wait_for_text(&corp.id).await;
    is_in(&window, corp).await;
    window.goto(&format!("{}/", app.url)).await;
    window.wait_for_text(&corp.member.1).await;
    assert_eq!(window.fetch("GET", "/api/public").await.0, 200);
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
}

/// The whole way in and out again without a mouse.
pub(crate) async fn login_and_logout_work_by_keyboard(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    window
        .goto(&format!("{}/auth/login?returnTo=/", app.url))
        .await;
    // The field has the focus.
    window.find("#orgCode:focus").await;
    window.type_text("demo-a").await;
    window.press(Key::Enter).await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    tab_to(&window, &corp.member.1).await;
    session.screenshot(&window, "person").await;
    window.press(Key::Enter).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, corp).await;
    tab_to(&window, "log out").await;
    window.press(Key::Enter).await;
    window.wait_for_text("Nobody is logged in").await;
    window
        .goto(&format!("{}/auth/login?corpId={}", app.url, corp.id))
        .await;
    tab_to(&window, "Log in with WeCom").await;
    session.screenshot(&window, "again").await;
    window.press(Key::Enter).await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    tab_to(&window, "Deny").await;
    window.press(Key::Enter).await;
    window.wait_for_text("The login was canceled").await;
}

/// After a logout the login waits for a click.
pub(crate) async fn login_after_logout_waits_for_a_click(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let corp = &app.authorized_corps().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, corp, "/").await;
    window.wait_for_text(&corp.member.1).await;
    session.screenshot(&window, "in").await;
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
    assert_eq!(window.fetch("GET", "/api/hello").await.0, 401);
    is_out(&window).await;
    window
        .goto(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, corp.id
        ))
        .await;
    window.wait_for_text("You are logged out").await;
    session.screenshot(&window, "waits").await;
    window.click_text("Log in with WeCom").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, corp).await;
}

/// On https the cookies are `Secure` and begin with `__Host-`, the one of a login under way too.
pub(crate) async fn https_cookies_have_the_host_prefix(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    // The app's internal address differs from its public one; the sandbox has both.
    let state = app.state().await;
    assert_eq!(
        state["trustedDomain"],
        app.url.trim_start_matches("https://")
    );
    let corp = &app.authorized_corps().await[0];
    let window = session
        .open(BrowserProfile {
            accept_invalid_certificates: true,
            ..BrowserProfile::desktop()
        })
        .await;
    begin(&window, app, corp, "/").await;
    let host_only = async || {
        let cookies = window.cookies().await;
        for cookie in &cookies {
            assert!(
                cookie["name"].as_str().unwrap().starts_with("__Host-"),
                "{cookie}"
            );
            assert_eq!(
                (&cookie["secure"], &cookie["httpOnly"]),
                (&json!(true), &json!(true)),
                "{cookie}"
            );
            assert_eq!(
                (&cookie["path"], &cookie["sameSite"]),
                (&json!("/"), &json!("Lax")),
                "{cookie}"
            );
        }
        cookies
    };
    assert_eq!(host_only().await.len(), 1);
    window.click_text(&corp.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, corp).await;
    let cookies = host_only().await;
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie["name"] == "__Host-wecom_login"),
        "{cookies:?}"
    );
    session.screenshot(&window, "in").await;
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
    is_out(&window).await;
}
