//! Logins in a browser that stop at a page of the host app, which finds out who the person is.

use std::time::Duration;

use wecom_login::{ErrorKind, FinishLoginRequest, LinkTicket};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::linking::{HOST_COOKIE, LINK_PAGE, LinkingBinder};
use wecom_login_tests::{Adapter, TestApp, TestRequest, TestResponse};

use crate::cookie_jar::{Browser, as_person, is_page};

async fn start(adapter: &dyn Adapter, binder: &LinkingBinder) -> TestApp {
    let given = binder.clone();
    TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.binder(given))
        .start()
        .await
}

fn ticket(reply: &TestResponse) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.header("location").unwrap();
    let ticket = location.strip_prefix(&format!("{LINK_PAGE}?ticket="));
    ticket.unwrap_or_else(|| panic!("{location}")).to_owned()
}

/// What the page of the host app posts after it has proved the user.
fn post(browser: &Browser, ticket: &str, user_id: &str) -> TestRequest {
    browser.submit(&target(ticket, user_id))
}

fn target(ticket: &str, user_id: &str) -> String {
    format!("/api/link?ticket={ticket}&userId={user_id}")
}

async fn to_the_page(browser: &mut Browser, app: &TestApp, returns_to: &str) -> String {
    let query = format!("corpId={COMPANY_A}&returnTo={returns_to}");
    ticket(&browser.log_in(app, &query, &app.member(COMPANY_A)).await)
}

pub(crate) async fn person_is_asked_once_and_led_on(adapter: &dyn Adapter) {
    let binder = LinkingBinder::default();
    let app = start(adapter, &binder).await;
    let member = app.member(COMPANY_A);
    let query = format!("corpId={COMPANY_A}&returnTo=/a?b=c");
    let mut browser = Browser::new();
    let link = browser.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    let reply = browser.open(&app, &back).await;
    let found = ticket(&reply);
    assert!(!reply.header("location").unwrap().contains("code="));
    // The browser asks for the callback twice, and gets to the same page.
    let again = ticket(&browser.open(&app, &back).await);
    assert_eq!(again, found);

    let reply = app.send_to_host(post(&browser, &found, "7")).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let onwards = reply.header("location").unwrap().to_owned();
    assert!(onwards.starts_with("/auth/callback?state="), "{onwards}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    browser.keep(&reply);
    // The browser may have dropped the first answer: the same session again.
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let reply = browser.clone().open(&app, &onwards).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/a?b=c"))
        );
        let mut cookies = reply.header_values("set-cookie");
        let session = cookies.find(|cookie| cookie.starts_with("wecom_login=wl_"));
        tokens.push(session.unwrap().to_owned());
    }
    assert_eq!(tokens[0], tokens[1]);
    browser.open(&app, &onwards).await;
    let me = browser.me(&app).await;
    assert_eq!(me["user"]["userId"], "7");
    assert_eq!(me["session"]["platform"], "web");

    let mut later = Browser::new();
    let reply = later.log_in(&app, &query, &member).await;
    assert_eq!(
        reply.header("location"),
        Some("/a?b=c"),
        "nobody is asked again"
    );
    app.stop().await;
}

pub(crate) async fn host_session_of_the_browser_binds_without_a_question(adapter: &dyn Adapter) {
    let binder = LinkingBinder::default();
    let app = start(adapter, &binder).await;
    let mut browser = Browser::new();
    browser.cookies = vec![(HOST_COOKIE.to_owned(), "7".to_owned())];
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let reply = browser.log_in(&app, &query, &app.member(COMPANY_A)).await;
    assert_eq!(reply.header("location"), Some("/a"));
    assert_eq!(browser.me(&app).await["user"]["userId"], "7");
    app.stop().await;
}

/// The attacker logs in at WeCom as themselves, and has a victim finish it: the victim's account would be theirs.
pub(crate) async fn ticket_of_another_browser_is_refused(adapter: &dyn Adapter) {
    let binder = LinkingBinder::default();
    let app = start(adapter, &binder).await;
    let mut attacker = Browser::new();
    let theirs = to_the_page(&mut attacker, &app, "/a").await;
    let mut victim = Browser::new();
    let own = to_the_page(&mut victim, &app, "/b").await;
    let page = app.send_to_host(post(&victim, &theirs, "victim")).await;
    is_page(&page, 401, "This login is no longer valid");
    let nobody = app
        .send_to_host(post(&Browser::new(), &theirs, "victim"))
        .await;
    is_page(&nobody, 401, "This login is no longer valid");
    // Their cookie under the victim's state, and without HTML.
    let (name, _) = attacker
        .cookies
        .iter()
        .find(|(name, _)| name.starts_with("wecom_link_"))
        .unwrap();
    let mut planted = victim.clone();
    let content = victim
        .cookies
        .iter()
        .find(|(name, _)| name.starts_with("wecom_link_"))
        .unwrap()
        .1
        .clone();
    planted.cookies = vec![(name.clone(), content)];
    let request = planted.fetch(&target(&theirs, "victim"));
    let refused = app.send_to_host(request).await;
    refused.assert_problem(401, "LOGIN_CODE_INVALID");
    // Nor without any cookie, as a login in JSON.
    let request = FinishLoginRequest::new(LinkTicket::new(&*theirs), "victim");
    let refused = app.login.service().finish_login(request).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::LoginCodeInvalid);
    assert_eq!(binder.bound(), 0);

    let reply = app.send_to_host(post(&victim, &own, "victim")).await;
    assert_eq!(reply.status, 303, "the victim's own ticket is good");
    app.stop().await;
}

pub(crate) async fn ticket_of_a_browser_is_used_once_and_in_time(adapter: &dyn Adapter) {
    let binder = LinkingBinder::default();
    let app = start(adapter, &binder).await;
    let mut browser = Browser::new();
    let late = to_the_page(&mut browser, &app, "/a").await;
    let before = browser.clone();
    app.advance(Duration::from_mins(10));
    let page = app.send_to_host(post(&before, &late, "7")).await;
    is_page(&page, 401, "This login is no longer valid");

    let good = to_the_page(&mut browser, &app, "/a").await;
    let (one, two) = tokio::join!(
        app.send_to_host(post(&browser, &good, "7")),
        app.send_to_host(post(&browser, &good, "7")),
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401], "one of two at the same time");
    let page = app.send_to_host(post(&browser, &good, "7")).await;
    is_page(&page, 401, "This login is no longer valid");

    // The corp ends while its person is being asked.
    let mut browser = Browser::new();
    let open = app.open_corp();
    let query = format!("corpId={open}&returnTo=/a");
    let of_corp = ticket(&browser.log_in(&app, &query, &app.member(&open)).await);
    assert!(app.sandbox.cancel(&open).await.unwrap().succeeded());
    app.settled_records().await;
    let request = browser.fetch(&target(&of_corp, "9"));
    let refused = app.send_to_host(request).await;
    refused.assert_problem(403, "CORP_NOT_AUTHORIZED");
    assert_eq!(binder.bound(), 1);
    app.stop().await;
}
