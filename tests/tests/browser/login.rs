//! The ways in, and out again.

use serde_json::json;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Key, Language};
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{TestRequest, until};

use crate::steps::{begin, is_in, is_out, log_in, tab_to};

/// The QR page on a desktop; the session cookie is what it should be, and nothing of the login is left.
pub(crate) async fn qr_login_sets_the_session_cookie(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, company, "/api/public?from=qr").await;
    session.screenshot(&window, "scan").await;
    window.click_text(&company.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?from=qr", app.url))
        .await;
    is_in(&window, company).await;
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
    assert!(
        !cookies
            .iter()
            .any(|cookie| cookie["name"].as_str().unwrap().contains("state")),
        "{cookies:?}"
    );
    let (_, me) = window.fetch("GET", "/auth/me").await;
    assert_eq!(me["session"]["loginType"], "qr");
}

/// A page that wants a login sends the browser to it, and gets it back.
pub(crate) async fn protected_page_is_shown_after_login(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let company = &app.companies().await[0];
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
    window.click_text(&company.member.1).await;
    window.wait_for_url(&format!("{}/account", app.url)).await;
    window.wait_for_text(&company.member.0).await;
    session.screenshot(&window, "account").await;
    is_in(&window, company).await;
    window.click_text("log out").await;
    window.wait_for_text("Nobody is logged in").await;
    // The form of the organisation code is the click that a logout wants.
    window.goto(&format!("{}/account?tab=2", app.url)).await;
    window.wait_for_text("Organisation code").await;
    assert_eq!(
        window
            .script("return document.querySelector('#orgCode').value")
            .await,
        "demo-a"
    );
    window.click("button").await;
    window.click_text(&company.member.1).await;
    window
        .wait_for_url(&format!("{}/account?tab=2", app.url))
        .await;
    window.wait_for_text(&company.member.0).await;
}

/// WeCom's own browser is sent through OAuth, without a QR code.
pub(crate) async fn workbench_login_needs_no_qr_code(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
    let window = session.open(BrowserProfile::workbench()).await;
    window
        .goto(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, company.id
        ))
        .await;
    window
        .wait_for_url(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
        .await;
    window.click_text(&company.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    let (_, me) = window.fetch("GET", "/auth/me").await;
    assert_eq!(me["session"]["loginType"], "workbench");
    window.wait_for_text(&company.member.0).await;
    session.screenshot(&window, "in").await;
}

/// With `snsapi_privateinfo` WeCom asks the person first; who refuses is told, who allows is in.
pub(crate) async fn consent_page_is_asked_for_private_info(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let company = &app.companies().await[0];
    for (number, look) in [BrowserProfile::workbench(), BrowserProfile::desktop()]
        .into_iter()
        .enumerate()
    {
        let window = session.open(look).await;
        let chinese = look.language == Language::Chinese;
        for (answer, told) in [
            (
                if chinese { "拒绝" } else { "Refuse" },
                if chinese {
                    "登录已取消"
                } else {
                    "was cancelled"
                },
            ),
            (
                if chinese { "允许" } else { "Allow" },
                company.member.0.as_str(),
            ),
        ] {
            let login = format!(
                "{}/auth/login?corpId={}&mode=workbench&returnTo=/account",
                app.url, company.id
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
            window.click_text(&company.member.1).await;
            window
                .wait_for_text(if chinese {
                    "允许应用获取以下信息吗"
                } else {
                    "may the app see this"
                })
                .await;
            session
                .screenshot(&window, &format!("asked-{number}"))
                .await;
            window.click_text(answer).await;
            window.wait_for_text(told).await;
        }
        is_in(&window, company).await;
    }
}

/// A person types the code of the company; a wrong one is told, the right one is remembered.
pub(crate) async fn organization_code_is_checked_and_remembered(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let company = &app.companies().await[1];
    app.set_organization_code(&company.id, "Acme-1").await;
    let window = session.open(BrowserProfile::desktop()).await;
    window
        .goto(&format!("{}/auth/login?returnTo=/api/public", app.url))
        .await;
    window.wait_for_text("Organisation code").await;
    window.fill("#orgCode", "nobody").await;
    window.click("button").await;
    window
        .wait_for_text("There is no such organisation code")
        .await;
    session.screenshot(&window, "unknown").await;
    window.fill("#orgCode", "ACME-1").await;
    window.click("button").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&company.member.1).await;
    window
        .wait_for_url(&format!("{}/api/public", app.url))
        .await;
    is_in(&window, company).await;
    window.goto(&format!("{}/auth/login", app.url)).await;
    let typed = window
        .script("return document.querySelector('#orgCode').value.toLowerCase()")
        .await;
    assert_eq!(typed, "acme-1");
}

/// Two logins under way in two tabs: both come to their end, each in its place; the later session is the browser's.
pub(crate) async fn two_tabs_log_in_independently(session: &BrowserSession, app: &DemoProcess) {
    let companies = app.companies().await;
    let window = session.open(BrowserProfile::desktop()).await;
    begin(&window, app, &companies[0], "/api/public?tab=1").await;
    let first = window.new_tab().await;
    begin(&window, app, &companies[1], "/api/public?tab=2").await;
    let second = window.switch_tab(first).await;
    window.click_text(&companies[0].member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?tab=1", app.url))
        .await;
    is_in(&window, &companies[0]).await;
    let cookies = window.cookies().await;
    let first = cookies
        .iter()
        .find(|cookie| cookie["name"] == "wecom_login")
        .unwrap()["value"]
        .clone();
    let first = TestRequest::get("/api/hello").bearer(first.as_str().unwrap());
    assert_eq!(app.send(first.clone()).await.status, 200);
    window.switch_tab(second).await;
    window.click_text(&companies[1].member.1).await;
    window
        .wait_for_url(&format!("{}/api/public?tab=2", app.url))
        .await;
    is_in(&window, &companies[1]).await;
    app.send(first).await.assert_problem(401, "TOKEN_INVALID");
}

/// A person of two companies, as the example's own binder says, chooses one. Once she has left the other company there
/// is nothing to choose.
pub(crate) async fn user_of_two_corps_selects_one(session: &BrowserSession, app: &DemoProcess) {
    let companies = app.companies().await;
    let (here, there) = (&companies[0], &companies[1]);
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
    assert_eq!(
        (&user["thirdUserId"], &user["userId"]),
        (&json!("wangfang"), &json!("wangfang"))
    );
    window.back().await;
    window.wait_for_text("This login cannot go on").await;
    session.screenshot(&window, "back").await;
    window.click_text("Continue to the app").await;
    window.wait_for_text("wangfang").await;

    app.control(
        &format!("/corps/{}/members/wangfang/leave", there.id),
        &json!({}),
    )
    .await;
    until("the other company is hers no more", async || {
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

/// The whole way in and out again without a mouse.
pub(crate) async fn login_and_logout_work_by_keyboard(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
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
    tab_to(&window, &company.member.1).await;
    session.screenshot(&window, "person").await;
    window.press(Key::Enter).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    tab_to(&window, "log out").await;
    window.press(Key::Enter).await;
    window.wait_for_text("Nobody is logged in").await;
    window
        .goto(&format!("{}/auth/login?corpId={}", app.url, company.id))
        .await;
    tab_to(&window, "Log in with WeCom").await;
    session.screenshot(&window, "again").await;
    window.press(Key::Enter).await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    tab_to(&window, "Refuse").await;
    window.press(Key::Enter).await;
    window.wait_for_text("The login was cancelled").await;
}

/// After a logout the login waits for a click.
pub(crate) async fn login_after_logout_waits_for_a_click(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    let company = &app.companies().await[0];
    let window = session.open(BrowserProfile::desktop()).await;
    log_in(&window, app, company, "/").await;
    window.wait_for_text(&company.member.0).await;
    session.screenshot(&window, "in").await;
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
    assert_eq!(window.fetch("GET", "/api/hello").await.0, 401);
    is_out(&window).await;
    window
        .goto(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, company.id
        ))
        .await;
    window.wait_for_text("You are logged out").await;
    session.screenshot(&window, "waits").await;
    window.click_text("Log in with WeCom").await;
    window
        .wait_for_url(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.click_text(&company.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
}

/// Nobody is sent elsewhere by `returnTo`.
pub(crate) async fn return_to_stays_on_this_origin(session: &BrowserSession, app: &DemoProcess) {
    let company = &app.companies().await[0];
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
                app.url, company.id
            ))
            .await;
        window.click_text(&company.member.1).await;
        window.wait_for_url(&format!("{}/", app.url)).await;
        assert_eq!(window.url().await, format!("{}/", app.url), "{elsewhere}");
    }
}

/// On https the cookies are `Secure` and begin with `__Host-`, the one of a login under way too.
pub(crate) async fn https_cookies_have_the_host_prefix(
    session: &BrowserSession,
    app: &DemoProcess,
) {
    // The app runs elsewhere than people see it; the sandbox was told where.
    let state = app.state().await;
    assert_eq!(
        state["trustedDomain"],
        app.url.trim_start_matches("https://")
    );
    let company = &app.companies().await[0];
    let window = session
        .open(BrowserProfile {
            accept_invalid_certificates: true,
            ..BrowserProfile::desktop()
        })
        .await;
    begin(&window, app, company, "/").await;
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
    window.click_text(&company.member.1).await;
    window.wait_for_url(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    let cookies = host_only().await;
    assert_eq!(
        (cookies.len(), &cookies[0]["name"]),
        (1, &json!("__Host-wecom_login"))
    );
    session.screenshot(&window, "in").await;
    window.click("#logout").await;
    window.wait_for_text("Nobody is logged in").await;
    is_out(&window).await;
}
