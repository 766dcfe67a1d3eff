//! What the limits count, and what they do not: states, IPv6 networks, other sites, unknown corps.

use std::time::Duration;

use serde_json::json;

use super::Target;
use super::limits::{limited, try_code};
use crate::app::TestApp;
use crate::auths::COMPANY_A;
use crate::{TestRequest, TestResponse};

/// A login in a browser that was led to WeCom: its state, and the cookie of that.
struct PendingLogin {
    state: String,
    cookie: String,
}

impl PendingLogin {
    async fn begin(app: &TestApp, corp: &str) -> Self {
        let reply = app
            .send(TestRequest::get(format!("/login?corpId={corp}")))
            .await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        let link = reply.header("location").unwrap();
        let state = link.split("state=").nth(1).unwrap()[..32].to_owned();
        let cookie = reply
            .header_values("set-cookie")
            .find(|cookie| cookie.contains(&state))
            .and_then(|cookie| cookie.split(';').next())
            .unwrap();
        Self {
            cookie: cookie.to_owned(),
            state,
        }
    }

    async fn come_back(&self, app: &TestApp, code: &str, client: &str) -> TestResponse {
        let target = format!("/callback?code={code}&state={}", self.state);
        app.send(
            TestRequest::get(target)
                .header("cookie", &*self.cookie)
                .forwarded_for(client),
        )
        .await
    }
}

pub(super) async fn state_dies_with_its_fifth_refused_code(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let login = PendingLogin::begin(&app, COMPANY_A).await;
    let calls = app.sandbox.calls("auth/getuserinfo");
    for number in 0..4 {
        let reply = login
            .come_back(&app, &format!("guess-{number}"), "203.0.113.1")
            .await;
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
    // The same code again is none that WeCom refused once more.
    for _ in 0..3 {
        let reply = login.come_back(&app, "guess-0", "203.0.113.1").await;
        assert_eq!(reply.status, 401);
    }
    let fifth = login.come_back(&app, "guess-4", "203.0.113.2").await;
    assert_eq!(fifth.status, 401);
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 5);
    for code in ["guess-5", &app.code(COMPANY_A, &member)] {
        let reply = login.come_back(&app, code, "203.0.113.3").await;
        assert_eq!(reply.status, 401, "{}", reply.text());
        assert_eq!(reply.header("set-cookie").map(|_| ()), None);
    }
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        calls + 5,
        "a dead state takes no code, nor a good one"
    );
    // Many at once are tried one by one.
    let login = PendingLogin::begin(&app, COMPANY_A).await;
    let tries = (0..40).map(|number| {
        let (login, app) = (&login, &app);
        async move {
            login
                .come_back(app, &format!("at-once-{number}"), "203.0.113.4")
                .await
        }
    });
    for reply in futures_util::future::join_all(tries).await {
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
    // Some find the state claimed by another one, and expired when that is done.
    let tried = app.sandbox.calls("auth/getuserinfo") - calls - 5;
    assert!((1..=5).contains(&tried), "{tried}");
    let login = PendingLogin::begin(&app, COMPANY_A).await;
    let good = app.code(COMPANY_A, &member);
    let reply = login.come_back(&app, &good, "203.0.113.5").await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    app.stop().await;
}

pub(super) async fn ipv6_networks_share_a_limit(target: Target) {
    let app = target.app().start().await;
    let from = |number: u32| format!("2001:db8:1:{:x}::1", number % 250);
    for number in 0..240 {
        let reply = try_code(&app, COMPANY_A, &format!("guess-{number}"), &from(number)).await;
        reply.assert_problem(401, "CODE_INVALID");
    }
    limited(&try_code(&app, COMPANY_A, "guess-240", &from(240)).await);
    let good = app.code(COMPANY_A, &app.member(COMPANY_A));
    limited(&try_code(&app, COMPANY_A, &good, "2001:db8:1:ff::1").await);
    let _ = try_code(&app, COMPANY_A, &good, "2001:db8:1:100::1")
        .await
        .success();
    app.stop().await;
}

/// Requests as a page of another site makes a browser send them.
fn from_another_site(request: TestRequest, number: usize) -> TestRequest {
    match number % 3 {
        0 => request
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "no-cors")
            .header("sec-fetch-dest", "image"),
        1 => request.header("origin", "https://evil.example.com"),
        _ => request
            .header("sec-fetch-site", "cross-site")
            .header("origin", "null"),
    }
}

pub(super) async fn another_site_uses_up_no_limit(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let set = TestRequest::post("/setCode").json(&json!({"corpId": COMPANY_A, "code": "acme"}));
    app.send_as_admin(set).await.assert_no_content();
    let office = "203.0.113.1";
    for number in 0..70 {
        let garbage = json!({"corpId": COMPANY_A, "code": format!("guess-{number}")}).to_string();
        let login_code = json!({"loginCode": "A".repeat(43)}).to_string();
        for request in [
            TestRequest::post("/loginByWorkbench").body(garbage.clone()),
            TestRequest::post("/QywxProxyCompanyA/getLoginCode").body(garbage),
            TestRequest::post("/loginByCode").body(login_code),
            TestRequest::get("/getLoginConfigByCode?code=nobody"),
            TestRequest::get("/getLoginConfig?code=nobody"),
            TestRequest::get("/QywxProxyCompanyA/getLoginConfig"),
        ] {
            let request = from_another_site(request.forwarded_for(office), number);
            app.send(request).await.assert_problem(403, "CROSS_SITE");
        }
        for picture in ["/login?orgCode=nobody", "/login?corpId=wwnobody00000000001"] {
            let request = TestRequest::get(picture)
                .forwarded_for(office)
                .header("sec-fetch-site", "cross-site")
                .header("sec-fetch-mode", "no-cors")
                .header("sec-fetch-dest", "image");
            app.send(request).await.assert_problem(403, "CROSS_SITE");
        }
    }
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), 0);
    // The office itself, from a page of the app's own, and without a browser.
    let own = format!("http://{}", app.address());
    let good = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member)});
    let login = TestRequest::post("/loginByWorkbench")
        .json(&good)
        .forwarded_for(office)
        .header("sec-fetch-site", "same-origin")
        .header("origin", own);
    let _ = app.send(login).await.success();
    let code = app.code(COMPANY_A, &member);
    let _ = try_code(&app, COMPANY_A, &code, office).await.success();
    let found = TestRequest::get("/getLoginConfigByCode?code=acme").forwarded_for(office);
    let _ = app.send(found).await.success();
    // A link on another site leads to the login.
    let link = TestRequest::get("/login?orgCode=acme")
        .forwarded_for(office)
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    assert_eq!(app.send(link).await.status, 302);
    app.stop().await;
}

pub(super) async fn limit_of_unknown_corps_does_not_tell_customers(target: Target) {
    let app = target.app().start().await;
    let ask = |corp: &str, client: &str| {
        app.send(TestRequest::get(format!("/login?corpId={corp}")).forwarded_for(client))
    };
    let (guesser, other) = ("203.0.113.1", "203.0.113.2");
    for number in 0..30 {
        // Customers are not counted.
        assert_eq!(ask(COMPANY_A, guesser).await.status, 302);
        let unknown = ask(&format!("wwnobody{number}"), guesser).await;
        assert_eq!(unknown.status, 403, "{}", unknown.text());
    }
    for corp in ["wwnobody30", COMPANY_A, &app.open_corp()] {
        assert_eq!(ask(corp, guesser).await.status, 429, "{corp}");
    }
    assert_eq!(ask(COMPANY_A, other).await.status, 302);
    app.advance(Duration::from_secs(60));
    assert_eq!(ask(COMPANY_A, guesser).await.status, 302);
    app.stop().await;
}
