//! Logins of people in one company of several: by a link that names it, by the one of the last login, and by a link of
//! another site.

use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Adapter, TestApp, TestRequest, TestResponse};

use crate::cookie_jar::{Browser, as_person, is_page, start_app};

/// Opens a page of the host app and follows its redirect to the login.
async fn open_page(browser: &mut Browser, app: &TestApp, page: &str) -> TestResponse {
    let away = app.send_to_host(browser.ask(page)).await;
    assert_eq!(away.status, 302, "{page}");
    browser.open(app, away.header("location").unwrap()).await
}

async fn log_out(browser: &mut Browser, app: &TestApp) {
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    let logout = TestRequest::post("/logout")
        .cookie(&token)
        .header("sec-fetch-site", "same-origin");
    browser.keep(&app.send(logout).await);
}

/// A fresh install, a message with a link to a page, WeCom's browser: no question is asked.
pub(crate) async fn deep_link_leads_to_its_company(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (open, member) = (app.open_corp(), app.member(COMPANY_A));
    let mut browser = Browser::in_wecom();
    let page = format!("/api/corp-page?corpId={COMPANY_A}");
    let reply = open_page(&mut browser, &app, &page).await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    let back = as_person(&app, reply.header("location").unwrap(), &member).await;
    let reply = browser.open(&app, &back).await;
    assert_eq!(reply.header("location"), Some(page.as_str()));
    assert_eq!(app.send_to_host(browser.ask(&page)).await.status, 200);

    // With a session of A, a page of the other company.
    let page = format!("/api/corp-page?corpId={open}");
    let reply = open_page(&mut browser, &app, &page).await;
    let back = as_person(&app, reply.header("location").unwrap(), &app.member(&open)).await;
    let reply = browser.open(&app, &back).await;
    assert_eq!(reply.header("location"), Some(page.as_str()));
    let reply = app.send_to_host(browser.ask(&page)).await;
    assert_eq!(
        (reply.status, &reply.json()["corpId"]),
        (200, &open.as_str().into())
    );
    app.stop().await;
}

pub(crate) async fn last_company_is_remembered(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (open, member) = (app.open_corp(), app.member(COMPANY_A));
    let mut browser = Browser::in_wecom();
    is_page(
        &open_page(&mut browser, &app, "/api/page").await,
        200,
        "组织代码",
    );
    browser
        .log_in(&app, &format!("corpId={COMPANY_A}"), &member)
        .await;
    // The session has ended by itself.
    browser.cookies.retain(|(name, _)| name != "wecom_login");
    let reply = open_page(&mut browser, &app, "/api/page").await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    let link = reply.header("location").unwrap();
    assert!(link.contains(&format!("appid={COMPANY_A}&")), "{link}");

    // A login that is begun and not finished is not remembered.
    browser.begin(&app, &format!("corpId={open}")).await;
    let link = browser.begin(&app, "returnTo=/a").await;
    assert!(link.contains(&format!("appid={COMPANY_A}&")), "{link}");

    // After a logout it waits for a click, in that company.
    let back = as_person(&app, &link, &member).await;
    browser.open(&app, &back).await;
    log_out(&mut browser, &app).await;
    let page = browser.open(&app, "/auth/login?returnTo=/a").await;
    is_page(&page, 200, "您已退出登录");
    assert!(
        page.text()
            .contains(&format!("corpId={COMPANY_A}&amp;confirm="))
    );

    // Outside WeCom the person may want another company: the form has a link to the last one.
    let mut desktop = Browser::new();
    desktop
        .log_in(&app, &format!("corpId={COMPANY_A}"), &member)
        .await;
    let page = desktop.open(&app, "/auth/login?returnTo=/a").await;
    is_page(&page, 200, "Organization code");
    let link = format!("href=\"/auth/login?returnTo=/a&amp;corpId={COMPANY_A}\"");
    assert!(page.text().contains(&link), "{}", page.text());

    // A login by an organization code is the last one, too.
    app.set_organization_code(&open, "Open-1").await;
    let mut browser = Browser::in_wecom();
    browser
        .log_in(&app, &format!("corpId={COMPANY_A}"), &member)
        .await;
    browser
        .log_in(&app, "orgCode=Open-1", &app.member(&open))
        .await;
    assert_eq!(browser.cookie("wecom_corp"), None);
    let link = browser.begin(&app, "returnTo=/a").await;
    assert!(link.contains(&format!("appid={open}&")), "{link}");

    // A company that is none any more does not lock anybody out.
    browser.cookies = vec![("wecom_corp".to_owned(), "wwnobody".to_owned())];
    is_page(
        &browser.open(&app, "/auth/login?returnTo=/a").await,
        200,
        "组织代码",
    );
    app.stop().await;
}

/// A link on another site to `/auth/login?corpId=B` would end a live session of A, and within WeCom nobody is asked.
pub(crate) async fn link_of_another_site_asks_before_it_switches(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let (open, member) = (app.open_corp(), app.member(COMPANY_A));
    app.set_organization_code(&open, "Open-1").await;
    let mut browser = Browser::in_wecom();
    browser
        .log_in(&app, &format!("corpId={COMPANY_A}"), &member)
        .await;
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    let names = [COMPANY_A, &open].map(|corp_id| {
        let state = app.sandbox.state();
        let corps = state["corps"].as_array().unwrap();
        let corp = corps.iter().find(|corp| corp["corpId"] == *corp_id);
        corp.unwrap()["corpName"].as_str().unwrap().to_owned()
    });
    let follow = async |browser: &Browser, query: &str, site: Option<&str>| {
        let ask = browser.ask(&format!("/auth/login?{query}"));
        let ask = match site {
            Some(site) => ask.header("sec-fetch-site", site),
            None => ask,
        };
        app.send_to_host(ask).await
    };
    let of_open = format!("corpId={open}&returnTo=/a");
    for query in [&of_open, "orgCode=Open-1&returnTo=/a"] {
        for site in ["cross-site", "same-site"] {
            let page = follow(&browser, query, Some(site)).await;
            is_page(&page, 200, "切换企业");
            for name in &names {
                assert!(page.text().contains(name.as_str()), "{}", page.text());
            }
            assert_eq!(page.header("set-cookie"), None);
        }
        // The click on it, a page of ours, and what the person types.
        for site in [Some("same-origin"), Some("none"), None] {
            let reply = follow(&browser, query, site).await;
            assert_eq!(reply.status, 302, "{site:?}");
        }
    }
    let page = follow(&browser, &of_open, Some("cross-site")).await;
    let proceed = format!("class=\"button\" href=\"/auth/login?returnTo=/a&amp;corpId={open}\"");
    assert!(page.text().contains(&proceed), "{}", page.text());
    assert_eq!(app.hello_status(&token).await, 200);

    // The same company, and a browser without a session.
    let of_ours = format!("corpId={COMPANY_A}");
    let reply = follow(&browser, &of_ours, Some("cross-site")).await;
    assert_eq!(reply.status, 302);
    let stranger = Browser::in_wecom();
    let reply = follow(&stranger, &of_open, Some("cross-site")).await;
    assert_eq!(reply.status, 302);

    // A page of another company, that another site links to: the redirect asks, too.
    let page = browser
        .ask(&format!("/api/corp-page?corpId={open}"))
        .header("sec-fetch-site", "cross-site");
    let away = app.send_to_host(page).await;
    let login = browser
        .ask(away.header("location").unwrap())
        .header("sec-fetch-site", "cross-site");
    is_page(&app.send_to_host(login).await, 200, "切换企业");
    app.stop().await;
}
