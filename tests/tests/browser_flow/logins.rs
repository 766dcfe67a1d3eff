//! Logins by QR code, workbench and organization code.

use serde_json::json;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Adapter, TestRequest};

use crate::cookie_jar::{Browser, as_person, is_page, start_app, state_of};

pub(crate) async fn qr_login_ends_in_the_app(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let mut browser = Browser::new();
    // A page of the host app redirects the browser to the login.
    let away = app
        .send_to_host(browser.ask("/api/page?x=1&y=%E4%BC%81"))
        .await;
    assert_eq!(away.status, 302);
    let query = away
        .header("location")
        .unwrap()
        .strip_prefix("/auth/login?")
        .unwrap()
        .to_owned();
    let link = browser
        .begin(&app, &format!("{query}&corpId={COMPANY_A}"))
        .await;
    assert!(
        link.starts_with(&format!(
            "{}/wwlogin/sso/login?login_type=CorpApp",
            app.sandbox.url()
        )),
        "{link}"
    );
    assert!(link.ends_with("&lang=en"), "{link}");
    let state = state_of(&link);
    assert!(state.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(browser.cookie(&format!("wecom_state_{state}")).is_some());

    let back = as_person(&app, &link, &member).await;
    let mut copy = browser.clone();
    let reply = browser.open(&app, &back).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/api/page?x=1&y=%E4%BC%81"))
    );
    assert!(browser.cookie("wecom_login").unwrap().starts_with("wl_"));
    assert_eq!(app.send_to_host(browser.ask("/api/page")).await.status, 200);
    let me = browser.me(&app).await;
    assert_eq!(
        (&me["session"]["platform"], &me["session"]["loginType"]),
        (&json!("web"), &json!("qr"))
    );
    assert_eq!(me["user"]["thirdUserId"], member.as_str());

    // A copied flow cookie does not help with another code.
    let page = copy
        .open(&app, &as_person(&app, &link, &member).await)
        .await;
    is_page(&page, 401, "This login is no longer valid");
    assert!(!page.text().contains("Continue to the app"));
    assert_eq!(copy.cookie("wecom_login"), None);
    assert_eq!(
        app.send_to_host(browser.ask("/api/page")).await.status,
        200,
        "none of these requests revokes the session"
    );
    app.stop().await;
}

pub(crate) async fn workbench_login_needs_one_click(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let mut browser = Browser::in_wecom();
    let link = browser.begin(&app, &format!("corpId={COMPANY_A}")).await;
    let expected = format!(
        "{}/connect/oauth2/authorize?appid={COMPANY_A}&",
        app.sandbox.url()
    );
    assert!(
        link.starts_with(&expected) && link.ends_with("#wechat_redirect"),
        "{link}"
    );
    assert!(
        link.contains("scope=snsapi_base") && link.contains("&agentid="),
        "{link}"
    );
    let reply = browser
        .open(&app, &as_person(&app, &link, &member).await)
        .await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    assert_eq!(browser.me(&app).await["session"]["loginType"], "workbench");

    // Members use the app in WeChat, too, on the phone that would scan the QR code.
    let mut wechat = Browser::in_wechat();
    let link = wechat.begin(&app, &format!("corpId={COMPANY_A}")).await;
    assert!(link.starts_with(&expected), "{link}");
    assert_eq!(
        wechat
            .open(&app, &as_person(&app, &link, &member).await)
            .await
            .status,
        303
    );

    // `mode` in the link takes precedence over the user agent.
    let link = browser
        .begin(&app, &format!("corpId={COMPANY_A}&mode=qr"))
        .await;
    assert!(
        link.contains("/wwlogin/") && link.ends_with("&lang=zh"),
        "{link}"
    );
    let link = Browser::new()
        .begin(&app, &format!("corpId={COMPANY_A}&mode=workbench"))
        .await;
    assert!(link.contains("/connect/oauth2/"), "{link}");
    for query in [
        "mode=app",
        "mode=QR",
        "corpId=a%20b",
        "corpId=a&corpId=b",
        "returnTo=/a&returnTo=/b",
    ] {
        let reply = Browser::new()
            .open(&app, &format!("/auth/login?{query}"))
            .await;
        is_page(&reply, 400, "This login link is not valid");
    }
    app.stop().await;
}

pub(crate) async fn organization_code_selects_the_corp(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let code = json!({"corpId": COMPANY_A, "code": "Acme-2026"});
    app.send_as_admin(TestRequest::post("/setCode").json(&code))
        .await
        .assert_no_content();
    let mut browser = Browser::new();
    let page = browser
        .open(&app, "/auth/login?returnTo=/a%26b&mode=qr&orgCode=&corpId=")
        .await;
    is_page(&page, 200, "<form method=\"get\" action=\"/auth/login\">");
    assert!(
        page.text()
            .contains("<input type=\"hidden\" name=\"returnTo\" value=\"/a&amp;b\">")
    );
    assert!(page.text().contains("name=\"orgCode\" value=\"\""));
    let page = browser
        .open(&app, "/auth/login?returnTo=/a&orgCode=no%22body")
        .await;
    is_page(&page, 404, "No company has this organization code");
    assert!(page.text().contains("value=\"no&quot;body\""));

    let member = app.member(COMPANY_A);
    let reply = browser
        .log_in(&app, "returnTo=/a%26b&orgCode=+aCME-2026", &member)
        .await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/a&b"))
    );
    let page = browser.open(&app, "/auth/login").await;
    assert!(
        page.text().contains("name=\"orgCode\" value=\"aCME-2026\""),
        "it is remembered"
    );

    let mut chinese = Browser::in_wecom();
    let page = chinese.open(&app, "/auth/login").await;
    assert!(page.text().contains("<html lang=\"zh-CN\">") && page.text().contains("组织代码"));
    // Two lookups are done; a client has thirty a minute over all routes.
    for _ in 2..30 {
        assert_eq!(
            browser
                .open(&app, "/auth/login?orgCode=nobody")
                .await
                .status,
            404
        );
    }
    let limited = browser.open(&app, "/auth/login?orgCode=Acme-2026").await;
    is_page(&limited, 429, "Too many attempts");
    assert!(limited.header("retry-after").is_some());
    app.stop().await;
}
