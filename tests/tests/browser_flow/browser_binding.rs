//! A login completes only in the browser, and on the origin, where it was started.

use serde_json::json;
use wecom_login_tests::auths::{CODES_OFF, COMPANY_A, SUITE};
use wecom_login_tests::{Adapter, TestApp, TestRequest};

use crate::cookie_jar::{Browser, as_person, is_page, start_app, state_of};

pub(crate) async fn callback_of_another_browser_is_403(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, query) = (app.member(COMPANY_A), format!("corpId={COMPANY_A}"));
    let calls = || app.sandbox.calls("auth/getuserinfo");
    let before = calls();
    // Login CSRF: another browser's code and state, in a browser with its own pending login.
    let mut attacker = Browser::new();
    let link = attacker.begin(&app, &query).await;
    let theirs = as_person(&app, &link, &member).await;
    let mut victim = Browser::new();
    victim.begin(&app, &query).await;
    for mut browser in [Browser::new(), victim.clone()] {
        is_page(
            &browser.open(&app, &theirs).await,
            403,
            "started in another browser",
        );
    }
    // A cookie under the name of another state, a forged cookie, a callback without a valid state.
    let content = victim.cookies[0].1.clone();
    let mut planted = victim.clone();
    planted.cookies = vec![(format!("wecom_state_{}", state_of(&link)), content)];
    is_page(
        &planted.open(&app, &theirs).await,
        403,
        "started in another browser",
    );
    planted.cookies[0].1 = "bm9uc2Vuc2U".to_owned();
    is_page(
        &planted.open(&app, &theirs).await,
        403,
        "started in another browser",
    );
    for query in [
        "",
        "?code=c",
        "?code=c&state=",
        "?code=c&state=abc",
        "?code=c&state=a%27%22%3E&state=b",
    ] {
        is_page(
            &victim.open(&app, &format!("/auth/callback{query}")).await,
            400,
            "This login link is not valid",
        );
    }
    assert_eq!(calls(), before, "nothing of this reaches WeCom");
    assert_eq!(
        attacker.open(&app, &theirs).await.status,
        303,
        "the code is not spent"
    );
    let head = app
        .send_to_host(TestRequest::new("HEAD", "/auth/callback?code=c"))
        .await;
    assert_eq!((head.status, head.header("allow")), (405, Some("GET")));
    app.stop().await;
}

pub(crate) async fn concurrent_tabs_log_in_independently(adapter: &dyn Adapter) {
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .authorized(&[(SUITE, COMPANY_A), (SUITE, CODES_OFF)])
        .start()
        .await;
    let (member, query) = (app.member(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    let one = browser.begin(&app, &format!("{query}&returnTo=/one")).await;
    // `codeLogin` does not apply to browser logins.
    let two = browser
        .begin(&app, &format!("corpId={CODES_OFF}&returnTo=/two"))
        .await;
    assert_eq!(browser.pending(), 2);
    let other = app.member(CODES_OFF);
    let reply = browser
        .open(&app, &as_person(&app, &two, &other).await)
        .await;
    assert_eq!(reply.header("location"), Some("/two"));
    let first = browser.cookie("wecom_login").unwrap().to_owned();
    assert_eq!(app.hello_status(&first).await, 200);
    let reply = browser
        .open(&app, &as_person(&app, &one, &member).await)
        .await;
    assert_eq!(reply.header("location"), Some("/one"));
    // The browser's former session is revoked; the new token differs.
    assert_ne!(browser.cookie("wecom_login"), Some(first.as_str()));
    assert_eq!(app.hello_status(&first).await, 401);
    // A stale cookie does not disturb the login.
    browser.cookies = vec![("wecom_login".to_owned(), first)];
    assert_eq!(browser.log_in(&app, &query, &member).await.status, 303);

    // A flow cookie that does not decrypt may belong to another service: it is evicted last.
    let foreign = format!("wecom_state_{}", "0".repeat(32));
    browser
        .cookies
        .push((foreign.clone(), "sealed-elsewhere".to_owned()));
    browser.begin(&app, &query).await;
    assert!(browser.cookie(&foreign).is_some());

    // Abandoned logins do not accumulate.
    for _ in 0..20 {
        browser.begin(&app, &query).await;
    }
    assert_eq!(browser.pending(), 8);
    let link = browser.begin(&app, &query).await;
    assert_eq!(
        browser
            .open(&app, &as_person(&app, &link, &member).await)
            .await
            .status,
        303
    );
    app.stop().await;
}

pub(crate) async fn return_to_stays_on_this_origin(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, query) = (app.member(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    for (return_to, location) in [
        ("%2Fa%3Fb%3Dc%23d", "/a?b=c#d"),
        ("%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%252f%252fevil.example", "/"),
        ("%2F%252fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
        ("https%3Aevil.example", "/"),
        ("%2F%09%2Fevil.example", "/"),
        ("%2Fa%0d%0aSet-Cookie%3A%20a%3Db", "/"),
        ("%2F..%2F%2Fevil.example", "/"),
        ("%2F%2Fa%40evil.example", "/"),
    ] {
        let reply = browser
            .log_in(&app, &format!("{query}&returnTo={return_to}"), &member)
            .await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some(location)),
            "{return_to}"
        );
    }
    app.stop().await;
}

pub(crate) async fn https_cookies_have_the_host_prefix(adapter: &dyn Adapter) {
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.public_url("https://app.example.com"))
        .start()
        .await;
    app.sandbox
        .change_settings(json!({"trustedDomain": "app.example.com"}))
        .await
        .unwrap();
    let member = app.member(COMPANY_A);
    let mut browser = Browser::new();
    let link = browser.begin(&app, &format!("corpId={COMPANY_A}")).await;
    assert!(
        link.contains("redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback&"),
        "{link}"
    );
    let state = state_of(&link);
    assert!(
        browser
            .cookie(&format!("__Host-wecom_state_{state}"))
            .is_some()
    );
    let back = as_person(&app, &link, &member).await;
    // A sibling host could set a cookie with the bare name.
    let mut planted = browser.clone();
    planted.cookies[0].0 = format!("wecom_state_{state}");
    is_page(
        &planted.open(&app, &back).await,
        403,
        "started in another browser",
    );
    let reply = browser.open(&app, &back).await;
    assert_eq!(reply.status, 303);
    assert!(
        reply
            .header_values("set-cookie")
            .all(|line| line.starts_with("__Host-") && line.contains("; Secure"))
    );
    assert!(
        browser
            .cookie("__Host-wecom_login")
            .unwrap()
            .starts_with("wl_")
    );
    app.stop().await;
}

/// Two services on one host, each with a cookie prefix of its own.
pub(crate) async fn cookie_prefix_renames_every_cookie(adapter: &dyn Adapter) {
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.cookie_prefix("crm"))
        .start()
        .await;
    let member = app.member(COMPANY_A);
    let mut browser = Browser::new();
    let others = (
        "wecom_login".to_owned(),
        "wl_of_the_other_service".to_owned(),
    );
    browser.cookies.push(others.clone());
    let reply = app.send_to_host(browser.ask("/api/hello")).await;
    assert_eq!(
        (reply.status, reply.header("set-cookie")),
        (401, None),
        "the other's cookie is nothing to us"
    );
    let link = browser.begin(&app, &format!("corpId={COMPANY_A}")).await;
    assert!(
        browser
            .cookie(&format!("crm_state_{}", state_of(&link)))
            .is_some()
    );
    assert_eq!(
        browser
            .open(&app, &as_person(&app, &link, &member).await)
            .await
            .status,
        303
    );
    assert!(browser.cookie("crm_login").unwrap().starts_with("wl_"));
    assert_eq!(browser.cookie("wecom_login"), Some(others.1.as_str()));
    assert_eq!(
        app.send_to_host(browser.ask("/api/hello")).await.status,
        200
    );
    app.stop().await;
}
