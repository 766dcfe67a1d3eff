//! Corp selection for a user of several corps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use wecom_login::{
    AuthenticatedMember, Binding, CorpId, Principal, Result, SuiteId, UserBinder, WecomUserId,
};
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::{Adapter, TestApp, TestRequest, TestResponse};

use crate::cookie_jar::{Browser, as_person, is_page};

pub(crate) async fn user_of_several_corps_selects_one(adapter: &dyn Adapter) {
    let binder = OneUser::default();
    let given = binder.clone();
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let (other, member) = (app.open_corp(), app.member(COMPANY_A));
    let there = app.member(&other);
    binder.0.lock().unwrap().push(principal(&other, &there));
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let mut browser = Browser::new();
    let page = to_the_choice(&mut browser, &app, &query, &member).await;
    let links = links(&page);
    assert_eq!(links.len(), 2);
    assert!(
        links[0].ends_with(&format!("&corpId={COMPANY_A}"))
            && links[1].ends_with(&format!("&corpId={other}"))
    );

    // The link is rejected in another browser, and for another corp.
    is_page(
        &Browser::new().open(&app, &links[1]).await,
        403,
        "started in another browser",
    );
    let mut copy = browser.clone();
    let reply = browser.open(&app, &links[1]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/a")));
    let me = browser.me(&app).await;
    assert_eq!(
        (&me["user"]["corpId"], &me["user"]["thirdUserId"]),
        (&json!(other), &json!(there))
    );
    assert_eq!(me["session"]["platform"], "web");
    assert_eq!(
        me["session"]["instance"], "auths.QywxProxyDefault",
        "the instance that serves this corp"
    );
    let page = browser.open(&app, &links[0]).await;
    is_page(&page, 401, "This login is no longer valid");
    let onwards = "<a class=\"button\" href=\"/a\">Continue to the app</a>";
    assert!(page.text().contains(onwards), "{}", page.text());
    is_page(
        &copy.open(&app, &links[0]).await,
        401,
        "This login is no longer valid",
    );

    let mut browser = Browser::new();
    let own = links_of_a_choice(&mut browser, &app, &query, &member)
        .await
        .remove(0);
    let elsewhere = own.replace(COMPANY_A, "wwnobody");
    let mut wrong = browser.clone();
    is_page(
        &wrong.open(&app, &elsewhere).await,
        403,
        "have access to this company",
    );
    is_page(
        &browser.open(&app, &own).await,
        401,
        "This login is no longer valid",
    );
    app.stop().await;
}

/// The page is reloaded and a corp is clicked twice: there is one session.
pub(crate) async fn corp_selection_page_can_be_reloaded(adapter: &dyn Adapter) {
    let binder = OneUser::default();
    let given = binder.clone();
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let (other, member) = (app.open_corp(), app.member(COMPANY_A));
    let there = principal(&other, &app.member(&other));
    // A corp that the binder names twice is listed once.
    binder.0.lock().unwrap().extend([there.clone(), there]);
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let mut browser = Browser::new();
    let former = app.token(COMPANY_A, &member).await;
    browser.cookies = vec![("wecom_login".to_owned(), former.clone())];
    let link = browser.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    let reply = browser.open(&app, &back).await;
    let list = reply.header("location").unwrap().to_owned();
    assert!(reply.status == 303 && !list.contains("code="), "{list}");
    for _ in 0..2 {
        let page = browser.open(&app, &list).await;
        is_page(&page, 200, "Choose a company");
        assert_eq!(links(&page).len(), 2);
    }
    assert_eq!(
        app.hello_status(&former).await,
        200,
        "nothing is chosen yet"
    );
    let own = links(&browser.open(&app, &list).await).remove(0);

    // Two concurrent clicks, and a third one after them.
    let (mut first, mut second) = (browser.clone(), browser.clone());
    let (one, two) = tokio::join!(first.open(&app, &own), second.open(&app, &own));
    assert_eq!(
        (one.status, two.status),
        (303, 303),
        "{} {}",
        one.text(),
        two.text()
    );
    let token = first.cookie("wecom_login").unwrap().to_owned();
    assert_eq!(
        second.cookie("wecom_login"),
        Some(token.as_str()),
        "both clicks give one session"
    );
    browser.cookies.retain(|(name, _)| name != "wecom_login");
    browser
        .cookies
        .push(("wecom_login".to_owned(), token.clone()));
    assert_eq!(browser.clone().open(&app, &own).await.status, 303);
    assert_eq!(
        (
            app.hello_status(&token).await,
            app.hello_status(&former).await
        ),
        (200, 401)
    );
    // Later the selection has expired, which revokes no session.
    app.advance(Duration::from_mins(1));
    is_page(
        &browser.clone().open(&app, &list).await,
        401,
        "This login is no longer valid",
    );
    is_page(
        &browser.open(&app, &own).await,
        401,
        "This login is no longer valid",
    );
    assert_eq!(app.hello_status(&token).await, 200);
    app.stop().await;
}

/// A limit that other clients of the same address used up does not cancel the selection.
pub(crate) async fn rate_limit_keeps_the_corp_selection(adapter: &dyn Adapter) {
    let binder = OneUser::default();
    let given = binder.clone();
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let (other, member) = (app.open_corp(), app.member(COMPANY_A));
    binder
        .0
        .lock()
        .unwrap()
        .push(principal(&other, &app.member(&other)));
    let mut browser = Browser::new();
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let own = links_of_a_choice(&mut browser, &app, &query, &member)
        .await
        .remove(0);
    for _ in 0..60 {
        let made_up = TestRequest::post("/loginByCode").json(&json!({"loginCode": "made-up"}));
        app.send(made_up)
            .await
            .assert_problem(401, "LOGIN_CODE_INVALID");
    }
    let limited = browser.open(&app, &own).await;
    is_page(&limited, 429, "Too many attempts");
    let list = own.split("&corpId=").next().unwrap();
    assert!(
        limited.text().contains(&format!("href=\"{list}\"")),
        "{}",
        limited.text()
    );
    app.advance(Duration::from_mins(1));
    is_page(&browser.open(&app, list).await, 200, "Choose a company");
    assert_eq!(
        browser.open(&app, &own).await.header("location"),
        Some("/a")
    );
    app.stop().await;
}

/// Logs in as a user of several corps, up to the selection page.
async fn to_the_choice(
    browser: &mut Browser,
    app: &TestApp,
    query: &str,
    member: &str,
) -> TestResponse {
    let reply = browser.log_in(app, query, member).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let page = browser.open(app, reply.header("location").unwrap()).await;
    is_page(&page, 200, "Choose a company");
    page
}

async fn links_of_a_choice(
    browser: &mut Browser,
    app: &TestApp,
    query: &str,
    member: &str,
) -> Vec<String> {
    links(&to_the_choice(browser, app, query, member).await)
}

pub(crate) fn links(page: &TestResponse) -> Vec<String> {
    let links = page.text().split("<li><a href=\"").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .collect()
}

pub(crate) fn principal(corp_id: &str, user_id: &str) -> Principal {
    Principal::new(
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(corp_id).unwrap(),
        WecomUserId::new(user_id).unwrap(),
    )
}

/// Binds every member to one user, who is in these corps.
#[derive(Clone, Default)]
pub(crate) struct OneUser(pub(crate) Arc<Mutex<Vec<Principal>>>);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok("one".into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some("one".to_owned()))
    }

    async fn linked_principals(&self, _: &str, _: &Principal) -> Result<Vec<Principal>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}
