//! Scenarios with an app inside the test: an advanced clock, users of several corps.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wecom_login::{
    AuthenticatedMember, Binding, CorpId, Principal, Result, UserBinder, WecomUserId,
};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::browser::{BrowserProfile, BrowserSession, Window, run_embedded};
use wecom_login_tests::{Adapter, TestApp};

/// A member who took longer than ten minutes gets a page that says so, though the browser still has the cookie.
pub(crate) async fn login_of_ten_minutes_has_expired(adapter: &dyn Adapter) {
    run_embedded(
        "login_of_ten_minutes_has_expired",
        adapter,
        TestApp::from_auths_directory(),
        async |session: &BrowserSession, app: &TestApp| {
            let window = session.open(BrowserProfile::desktop()).await;
            window
                .goto(&at(app, &format!("/auth/login?corpId={COMPANY_A}")))
                .await;
            window.find(".people a").await;
            app.advance(Duration::from_mins(10));
            window.click(".people a").await;
            window.wait_for_text("This login is no longer valid").await;
            session.screenshot(&window, "told").await;
        },
    )
    .await;
}

/// A member of several corps chooses one, and is in that one.
pub(crate) async fn corp_selection_can_be_reloaded_and_used_once(adapter: &dyn Adapter) {
    let in_company_a = Arc::new(OnceLock::new());
    let binder = OneUser(Arc::clone(&in_company_a));
    let setup = TestApp::from_auths_directory().configure(|builder| builder.binder(binder));
    run_embedded(
        "corp_selection_can_be_reloaded_and_used_once",
        adapter,
        setup,
        async |session: &BrowserSession, app: &TestApp| {
            in_company_a
                .set(WecomUserId::new(app.member(COMPANY_A)).unwrap())
                .unwrap();
            let other = app.open_corp();
            let window = session.open(BrowserProfile::workbench()).await;
            begin(&window, app, &other).await;
            window.wait_for_text("选择企业").await;
            session.screenshot(&window, "companies").await;
            assert_eq!(window.count("li a").await, 2);
            window.reload().await;
            let another = window
                .attribute(&format!("a[href*='corpId={other}']"), "href")
                .await
                .unwrap();
            window
                .click(&format!("a[href*='corpId={COMPANY_A}']"))
                .await;
            window.wait_for_url(&at(app, "/api/public")).await;
            let (status, user) = window.fetch("GET", "/api/hello").await;
            assert_eq!((status, &user["corpId"]), (200, &COMPANY_A.into()));
            // The choice is made: neither the proof nor another choice works again.
            window.back().await;
            window.wait_for_text("此登录已结束").await;
            window.goto(&at(app, &another)).await;
            window.wait_for_text("此登录已结束").await;
        },
    )
    .await;
}

async fn begin(window: &Window, app: &TestApp, corp_id: &str) {
    window
        .goto(&at(
            app,
            &format!("/auth/login?corpId={corp_id}&returnTo=/api/public"),
        ))
        .await;
    window.click(".people a").await;
}

fn at(app: &TestApp, path: &str) -> String {
    format!("http://{}{path}", app.address())
}

/// Every login is by the same user, who is a member of company A too.
struct OneUser(Arc<OnceLock<WecomUserId>>);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok("one".into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some("one".to_owned()))
    }

    async fn linked_principals(
        &self,
        _: &str,
        authenticated: &Principal,
    ) -> Result<Vec<Principal>> {
        let user_id = self.0.get().unwrap().clone();
        let there = Principal::new(
            authenticated.suite_id.clone(),
            CorpId::new(COMPANY_A).unwrap(),
            user_id,
        );
        Ok(vec![there])
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}
