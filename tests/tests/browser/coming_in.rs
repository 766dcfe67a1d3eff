//! The ways in, and out again.

use serde_json::json;
use wecom_login_tests::browser::{ExampleApp, Key, Language, Look, Stage};
use wecom_login_tests::{Ask, until};

use crate::steps::{begin, is_in, is_out, log_in, tab_to};

/// The QR page on a desktop; the session cookie is what it should be, and nothing of the login is left.
pub(crate) async fn qr_login(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::desktop()).await;
    begin(&window, app, company, "/api/public?from=qr").await;
    stage.picture(&window, "scan").await;
    window.choose(&company.person.1).await;
    window
        .arrives(&format!("{}/api/public?from=qr", app.url))
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
pub(crate) async fn protected_page(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::desktop()).await;
    window.go(&format!("{}/", app.url)).await;
    window.choose("Your account").await;
    window
        .arrives(&format!("{}/auth/login?returnTo=/account", app.url))
        .await;
    window.types("#orgCode", "demo-a").await;
    window.click("button").await;
    window
        .arrives(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/account", app.url)).await;
    window.says(&company.person.0).await;
    stage.picture(&window, "account").await;
    is_in(&window, company).await;
    window.choose("log out").await;
    window.says("Nobody is logged in").await;
    // The form of the organisation code is the click that a logout wants.
    window.go(&format!("{}/account?tab=2", app.url)).await;
    window.says("Organisation code").await;
    assert_eq!(
        window
            .script("return document.querySelector('#orgCode').value")
            .await,
        "demo-a"
    );
    window.click("button").await;
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/account?tab=2", app.url)).await;
    window.says(&company.person.0).await;
}

/// WeCom's own browser is sent through OAuth, without a QR code.
pub(crate) async fn workbench_login(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::workbench()).await;
    window
        .go(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, company.id
        ))
        .await;
    window
        .arrives(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
        .await;
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    let (_, me) = window.fetch("GET", "/auth/me").await;
    assert_eq!(me["session"]["loginType"], "workbench");
    window.says(&company.person.0).await;
    stage.picture(&window, "in").await;
}

/// With `snsapi_privateinfo` WeCom asks the person first; who refuses is told, who allows is in.
pub(crate) async fn consent(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    for (number, look) in [Look::workbench(), Look::desktop()].into_iter().enumerate() {
        let window = stage.open(look).await;
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
                company.person.0.as_str(),
            ),
        ] {
            let login = format!(
                "{}/auth/login?corpId={}&mode=workbench&returnTo=/account",
                app.url, company.id
            );
            window.go(&login).await;
            window
                .arrives(&format!("{}/connect/oauth2/authorize", app.sandbox_url))
                .await;
            // The examples' instances ask for less; the link is the same but for the scope.
            let link = window
                .url()
                .await
                .replace("snsapi_base", "snsapi_privateinfo");
            window.go(&link).await;
            window.choose(&company.person.1).await;
            window
                .says(if chinese {
                    "允许应用获取以下信息吗"
                } else {
                    "may the app see this"
                })
                .await;
            stage.picture(&window, &format!("asked-{number}")).await;
            window.choose(answer).await;
            window.says(told).await;
        }
        is_in(&window, company).await;
    }
}

/// A person types the code of the company; a wrong one is told, the right one is remembered.
pub(crate) async fn organisation_code(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[1];
    app.set_code(&company.id, "Acme-1").await;
    let window = stage.open(Look::desktop()).await;
    window
        .go(&format!("{}/auth/login?returnTo=/api/public", app.url))
        .await;
    window.says("Organisation code").await;
    window.types("#orgCode", "nobody").await;
    window.click("button").await;
    window.says("There is no such organisation code").await;
    stage.picture(&window, "unknown").await;
    window.types("#orgCode", "ACME-1").await;
    window.click("button").await;
    window
        .arrives(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/api/public", app.url)).await;
    is_in(&window, company).await;
    window.go(&format!("{}/auth/login", app.url)).await;
    let typed = window
        .script("return document.querySelector('#orgCode').value.toLowerCase()")
        .await;
    assert_eq!(typed, "acme-1");
}

/// Two logins under way in two tabs: both come to their end, each in its place; the later session is the browser's.
pub(crate) async fn two_tabs(stage: &Stage, app: &ExampleApp) {
    let companies = app.companies().await;
    let window = stage.open(Look::desktop()).await;
    begin(&window, app, &companies[0], "/api/public?tab=1").await;
    let first = window.new_tab().await;
    begin(&window, app, &companies[1], "/api/public?tab=2").await;
    let second = window.turn_to(first).await;
    window.choose(&companies[0].person.1).await;
    window
        .arrives(&format!("{}/api/public?tab=1", app.url))
        .await;
    is_in(&window, &companies[0]).await;
    let cookies = window.cookies().await;
    let first = cookies
        .iter()
        .find(|cookie| cookie["name"] == "wecom_login")
        .unwrap()["value"]
        .clone();
    let first = Ask::get("/api/hello").bearer(first.as_str().unwrap());
    assert_eq!(app.send(first.clone()).await.status, 200);
    window.turn_to(second).await;
    window.choose(&companies[1].person.1).await;
    window
        .arrives(&format!("{}/api/public?tab=2", app.url))
        .await;
    is_in(&window, &companies[1]).await;
    app.send(first).await.is_problem(401, "TOKEN_INVALID");
}

/// A person of two companies, as the example's own binder says, chooses one. Once she has left the other company there
/// is nothing to choose.
pub(crate) async fn two_companies(stage: &Stage, app: &ExampleApp) {
    let companies = app.companies().await;
    let (here, there) = (&companies[0], &companies[1]);
    let window = stage.open(Look::desktop()).await;
    begin(&window, app, here, "/api/public").await;
    window.choose("王芳").await;
    window.says("Choose a company").await;
    window.says(&here.name).await;
    stage.picture(&window, "choose").await;
    is_out(&window).await;
    // The code has left the URL, and the page may be loaded again.
    assert!(
        !window.url().await.contains("code="),
        "{}",
        window.url().await
    );
    window.reload().await;
    window.says(&here.name).await;
    window.choose_twice(&there.name).await;
    window.arrives(&format!("{}/api/public", app.url)).await;
    let (status, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!(status, 200, "{user}");
    assert_eq!(user["corpId"], there.id.as_str());
    assert_eq!(
        (&user["thirdUserId"], &user["userId"]),
        (&json!("wangfang"), &json!("wangfang"))
    );
    window.back().await;
    window.says("This login cannot go on").await;
    stage.picture(&window, "back").await;
    window.choose("Continue to the app").await;
    window.says("wangfang").await;

    app.control(
        &format!("/corps/{}/members/wangfang/leave", there.id),
        &json!({}),
    )
    .await;
    until("the other company is hers no more", async || {
        app.corp_list(here, "wangfang").await.len() == 1
    })
    .await;
    window.go(&format!("{}/", app.url)).await;
    window.says("Nobody is logged in").await;
    begin(&window, app, here, "/api/public").await;
    window.choose("王芳").await;
    window.arrives(&format!("{}/api/public", app.url)).await;
    let (_, user) = window.fetch("GET", "/api/hello").await;
    assert_eq!(
        (&user["corpId"], &user["userId"]),
        (&json!(here.id), &json!("wangfang"))
    );
}

/// The whole way in and out again without a mouse.
pub(crate) async fn by_keyboard(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::desktop()).await;
    window
        .go(&format!("{}/auth/login?returnTo=/", app.url))
        .await;
    // The field has the focus.
    window.find("#orgCode:focus").await;
    window.enter("demo-a").await;
    window.press(Key::Enter).await;
    window
        .arrives(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    tab_to(&window, &company.person.1).await;
    stage.picture(&window, "person").await;
    window.press(Key::Enter).await;
    window.arrives(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    tab_to(&window, "log out").await;
    window.press(Key::Enter).await;
    window.says("Nobody is logged in").await;
    window
        .go(&format!("{}/auth/login?corpId={}", app.url, company.id))
        .await;
    tab_to(&window, "Log in with WeCom").await;
    stage.picture(&window, "again").await;
    window.press(Key::Enter).await;
    window
        .arrives(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    tab_to(&window, "Refuse").await;
    window.press(Key::Enter).await;
    window.says("The login was cancelled").await;
}

/// After a logout the login waits for a click.
pub(crate) async fn logout(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::desktop()).await;
    log_in(&window, app, company, "/").await;
    window.says(&company.person.0).await;
    stage.picture(&window, "in").await;
    window.click("#logout").await;
    window.says("Nobody is logged in").await;
    assert_eq!(window.fetch("GET", "/api/hello").await.0, 401);
    is_out(&window).await;
    window
        .go(&format!(
            "{}/auth/login?corpId={}&returnTo=/",
            app.url, company.id
        ))
        .await;
    window.says("You are logged out").await;
    stage.picture(&window, "waits").await;
    window.choose("Log in with WeCom").await;
    window
        .arrives(&format!("{}/wwlogin/sso/login", app.sandbox_url))
        .await;
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
}

/// Nobody is sent elsewhere by `returnTo`.
pub(crate) async fn return_to_stays_here(stage: &Stage, app: &ExampleApp) {
    let company = &app.companies().await[0];
    let window = stage.open(Look::desktop()).await;
    for elsewhere in [
        "https://a.invalid/",
        "//a.invalid",
        "/%5Ca.invalid",
        "/%09/a.invalid",
        "javascript:alert(1)",
    ] {
        window
            .go(&format!(
                "{}/auth/login?corpId={}&returnTo={elsewhere}",
                app.url, company.id
            ))
            .await;
        window.choose(&company.person.1).await;
        window.arrives(&format!("{}/", app.url)).await;
        assert_eq!(window.url().await, format!("{}/", app.url), "{elsewhere}");
    }
}

/// On https the cookies are `Secure` and begin with `__Host-`, the one of a login under way too.
pub(crate) async fn over_https(stage: &Stage, app: &ExampleApp) {
    // The app runs elsewhere than people see it; the sandbox was told where.
    let state = app.state().await;
    assert_eq!(
        state["trustedDomain"],
        app.url.trim_start_matches("https://")
    );
    let company = &app.companies().await[0];
    let window = stage
        .open(Look {
            any_certificate: true,
            ..Look::desktop()
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
    window.choose(&company.person.1).await;
    window.arrives(&format!("{}/", app.url)).await;
    is_in(&window, company).await;
    let cookies = host_only().await;
    assert_eq!(
        (cookies.len(), &cookies[0]["name"]),
        (1, &json!("__Host-wecom_login"))
    );
    stage.picture(&window, "in").await;
    window.click("#logout").await;
    window.says("Nobody is logged in").await;
    is_out(&window).await;
}
