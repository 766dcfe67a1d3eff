//! Failed logins, and the login after a logout.

use std::time::Duration;

use serde_json::json;
use wecom_login_tests::auths::{CLOSED, COMPANY_A, SUITE};
use wecom_login_tests::{Adapter, TestRequest, send};

use crate::cookie_jar::{Browser, as_person, at_wecom, is_page, start_app, state_of};

pub(crate) async fn cancelled_failed_and_expired_logins_show_their_page(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, query) = (
        app.member(COMPANY_A),
        format!("corpId={COMPANY_A}&returnTo=/a"),
    );
    let mut browser = Browser::new();
    let link = browser.begin(&app, &query).await;
    let refused = browser
        .open(&app, &at_wecom(&app, &link, "sandboxAnswer=no").await)
        .await;
    is_page(&refused, 403, "The login was canceled");
    assert!(refused.text().contains(&format!(
        "href=\"/auth/login?returnTo=/a&amp;corpId={COMPANY_A}\""
    )));
    // An invalid code does not spend the state: the next scan succeeds.
    let state = state_of(&link);
    let wrong = browser
        .open(&app, &format!("/auth/callback?code=nonsense&state={state}"))
        .await;
    is_page(&wrong, 401, "The login has expired");
    assert!(wrong.text().contains("CODE_INVALID"));
    assert_eq!(
        browser
            .open(&app, &as_person(&app, &link, &member).await)
            .await
            .status,
        303
    );
    // The state is used, although cookie and code are new.
    let mut again = browser.clone();
    let link = again.begin(&app, &query).await;
    let mut copy = again.clone();
    assert_eq!(
        again
            .open(&app, &as_person(&app, &link, &member).await)
            .await
            .status,
        303
    );
    is_page(
        &copy
            .open(&app, &as_person(&app, &link, &member).await)
            .await,
        401,
        "This login is no longer valid",
    );

    let mut late = Browser::new();
    let link = late.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    app.advance(Duration::from_mins(10));
    let over = late.open(&app, &back).await;
    is_page(&over, 401, "This login is no longer valid");
    assert!(
        over.text()
            .contains("href=\"/auth/login?returnTo=/a&amp;corpId=")
    );
    assert_eq!(late.pending(), 0);
    app.stop().await;
}

pub(crate) async fn rejected_member_sees_the_reason(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, query) = (app.member(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::new();
    for (query, text) in [
        (format!("corpId={CLOSED}"), "LOGIN_DISABLED"),
        ("corpId=wwnobody".to_owned(), "CORP_NOT_AUTHORIZED"),
    ] {
        let reply = browser.open(&app, &format!("/auth/login?{query}")).await;
        is_page(&reply, 403, text);
        assert_eq!(browser.pending(), 0);
    }
    let stranger = app.special_member(COMPANY_A, "non-member");
    is_page(
        &browser
            .log_in(&app, &format!("{query}&mode=workbench"), &stranger)
            .await,
        403,
        "not a member",
    );
    // WeCom accepted the code, so the state is used.
    let link = browser
        .begin(&app, &format!("{query}&mode=workbench"))
        .await;
    let back = as_person(&app, &link, &stranger).await;
    is_page(&browser.open(&app, &back).await, 403, "not a member");
    is_page(
        &browser
            .open(&app, &as_person(&app, &link, &member).await)
            .await,
        401,
        "This login is no longer valid",
    );
    let hidden = app.special_member(COMPANY_A, "invisible");
    is_page(
        &browser
            .log_in(&app, &format!("{query}&mode=workbench"), &hidden)
            .await,
        403,
        "have access to this app",
    );
    let chinese = Browser::in_wecom().log_in(&app, &query, &hidden).await;
    is_page(&chinese, 403, "您没有使用该应用的权限");

    for (fault, status, text) in [
        (
            json!({"api": "auth/getuserinfo", "times": 1, "errcode": 701008}),
            403,
            "no interface license",
        ),
        (
            json!({"api": "auth/getuserinfo", "times": 1, "httpStatus": 500}),
            502,
            "WeCom is not responding",
        ),
    ] {
        let link = browser.begin(&app, &query).await;
        let back = as_person(&app, &link, &member).await;
        send(
            app.sandbox.addr(),
            &TestRequest::post("/sandbox/faults").json(&fault),
        )
        .await;
        is_page(&browser.open(&app, &back).await, status, text);
    }

    // A cancellation ends pending logins, and a new authorization does not revive them.
    let link = browser.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    app.settled_records().await;
    is_page(
        &browser.open(&app, &back).await,
        403,
        "has not authorized the app",
    );
    app.install_corp(SUITE, COMPANY_A).await;
    is_page(
        &browser
            .open(&app, &as_person(&app, &link, &member).await)
            .await,
        401,
        "This login is no longer valid",
    );
    assert_eq!(browser.log_in(&app, &query, &member).await.status, 303);
    app.stop().await;
}

pub(crate) async fn login_after_logout_waits_for_a_click(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, query) = (app.member(COMPANY_A), format!("corpId={COMPANY_A}"));
    let mut browser = Browser::in_wecom();
    assert_eq!(browser.log_in(&app, &query, &member).await.status, 303);
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    let cookie = format!("wecom_login={token}");
    let logout = TestRequest::post("/logout")
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin");
    let reply = app.send(logout).await;
    reply.assert_no_content();
    browser.keep(&reply);
    assert_eq!(browser.cookie("wecom_login"), None);

    let target = format!("/auth/login?{query}&returnTo=/a&mode=workbench");
    for target in [
        target.clone(),
        format!("{target}&confirm=yes"),
        format!("{target}&confirm={}", "0".repeat(32)),
    ] {
        is_page(&browser.open(&app, &target).await, 200, "您已退出登录");
    }
    let page = browser.open(&app, &target).await;
    let proceed = page
        .text()
        .split("class=\"button\" href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let reply = browser.open(&app, &proceed.replace("&amp;", "&")).await;
    assert_eq!(reply.status, 302);
    let back = as_person(&app, reply.header("location").unwrap(), &member).await;
    assert_eq!(
        browser.open(&app, &back).await.header("location"),
        Some("/a")
    );
    browser.begin(&app, &query).await;
    // A logout with an expired session still counts as a logout.
    for path in ["/logout", "/logoutAll"] {
        let mut browser = Browser::in_wecom();
        let gone = TestRequest::post(path).header("cookie", format!("wecom_login={token}"));
        let cross = app
            .send(gone.clone().header("sec-fetch-site", "cross-site"))
            .await;
        assert_eq!(
            (cross.status, cross.header("set-cookie")),
            (403, None),
            "another site cannot log a user out"
        );
        let reply = app.send(gone.header("sec-fetch-site", "same-origin")).await;
        reply.assert_problem(401, "TOKEN_INVALID");
        browser.keep(&reply);
        is_page(&browser.open(&app, &target).await, 200, "您已退出登录");
        // The logged-out mark lasts as long as the session could have.
        let mark = reply
            .header_values("set-cookie")
            .find(|line| line.starts_with("wecom_logged_out="))
            .unwrap();
        assert!(mark.contains("; Max-Age=2592000;"), "{mark}");
    }
    // A logout with a bearer sets no mark.
    let token = app.token(COMPANY_A, &member).await;
    assert_eq!(
        app.send(TestRequest::post("/logout").bearer(&token))
            .await
            .header("set-cookie"),
        None
    );
    app.stop().await;
}

/// Requests for unknown corps use up a limit of their own, which tells nobody the customers.
pub(crate) async fn unknown_corps_do_not_use_up_the_limit(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (member, other) = (app.member(COMPANY_A), app.open_corp());
    let mut browser = Browser::new();
    assert_eq!(
        browser
            .log_in(&app, &format!("corpId={other}"), &app.member(&other))
            .await
            .status,
        303
    );
    for number in 0..30 {
        let page = browser
            .open(&app, &format!("/auth/login?corpId=wwnobody{number}"))
            .await;
        is_page(&page, 403, "CORP_NOT_AUTHORIZED");
    }
    for _ in 0..60 {
        is_page(
            &browser.open(&app, "/auth/login?corpId=wwnobody").await,
            429,
            "Too many attempts",
        );
    }
    for corp_id in [COMPANY_A, other.as_str()] {
        let page = browser
            .open(&app, &format!("/auth/login?corpId={corp_id}"))
            .await;
        is_page(&page, 429, "Too many attempts");
    }
    assert_eq!(
        app.try_log_in(COMPANY_A, &member).await.status,
        200,
        "lookups are counted apart from logins"
    );
    app.advance(Duration::from_mins(1));
    for (corp_id, member) in [(COMPANY_A, &member), (other.as_str(), &app.member(&other))] {
        let reply = Browser::new()
            .log_in(&app, &format!("corpId={corp_id}"), member)
            .await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/")),
            "{}",
            reply.text()
        );
    }
    assert_eq!(
        browser
            .open(&app, "/auth/login?corpId=wwnobody")
            .await
            .status,
        403
    );
    app.stop().await;
}
