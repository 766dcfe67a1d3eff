//! `/forwardAuth`: what a proxy is answered about the requests that it asks about.

use wecom_login::{AuthenticatedMember, Binding, Principal, Result, UserBinder};

use super::Target;
use super::credentials::{absent, ended, invalid};
use crate::adapter::Layout;
use crate::auths::{COMPANY_A, SUITE};
use crate::{TestApp, TestRequest, TestResponse};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const IDENTITY: [&str; 7] = [
    "remote-user",
    "remote-name",
    "remote-email",
    "remote-groups",
    "x-wecom-corp-id",
    "x-wecom-user-id",
    "x-wecom-suite-id",
];

/// A proxy's question about a request of this method.
fn ask(method: &str) -> TestRequest {
    TestRequest::get("/forwardAuth").header("x-forwarded-method", method)
}

/// Envoy's question.
fn ask_as_envoy(method: &str, target: &str) -> TestRequest {
    TestRequest::new(method, format!("/forwardAuth{target}"))
}

/// Asserts that all seven headers are there.
#[track_caller]
fn passes(reply: &TestResponse) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    for name in IDENTITY {
        assert!(reply.header(name).is_some(), "{name} is missing");
    }
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

/// Asserts that no header of a refusal names anybody.
#[track_caller]
fn names_nobody(reply: &TestResponse) {
    for name in IDENTITY {
        assert_eq!(reply.header(name), None, "{name}");
    }
}

pub(super) async fn identity_is_in_seven_headers(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    let user = app
        .send(TestRequest::get("/me").bearer(&token))
        .await
        .success()["user"]
        .clone();
    for question in [
        ask("GET").cookie(&token),
        ask("POST").bearer(&token),
        ask("PROPFIND").bearer(&token),
        ask_as_envoy("GET", "/a/b?c=d").cookie(&token),
        ask_as_envoy("PROPFIND", "/").bearer(&token),
        // What a client sends under these names is no part of the answer.
        ask("GET").cookie(&token).header("remote-user", "admin"),
        // Asked without a proxy.
        TestRequest::get("/forwardAuth").cookie(&token),
        TestRequest::new("HEAD", "/forwardAuth").cookie(&token),
    ] {
        let reply = app.send(question).await;
        passes(&reply);
        assert_eq!(reply.header("remote-user"), user["userId"].as_str());
        assert_eq!(reply.header("remote-name"), Some("%E5%BC%A0%E4%BC%9F"));
        assert_eq!(reply.header("remote-email"), Some(""));
        assert_eq!(reply.header("x-wecom-user-id"), Some(member.as_str()));
        for (name, value) in [
            ("remote-groups", COMPANY_A),
            ("x-wecom-corp-id", COMPANY_A),
            ("x-wecom-suite-id", SUITE),
        ] {
            assert_eq!(reply.header(name), Some(value));
        }
        assert!(reply.body.is_empty());
    }
    let dead = ended(&app).await;
    let stale = app.send(ask("GET").cookie(&dead)).await;
    invalid(&stale);
    names_nobody(&stale);
    absent(&app.send(ask("GET")).await);
    app.stop().await;
}

pub(super) async fn origin_rules_are_those_of_the_original_request(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let ours = format!("http://{}", app.address());
    let cross = |request: TestRequest| {
        request
            .cookie(&token)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
    };
    for refused in [
        cross(ask("POST")),
        ask("POST").cookie(&token),
        ask("post").cookie(&token),
        cross(ask("DELETE")),
        cross(ask_as_envoy("POST", "/a")),
        cross(ask_as_envoy("POST", "/")),
        // A client adds what its proxy does not set.
        cross(ask("POST")).header("x-original-method", "GET"),
        cross(ask("GET")).header("x-original-method", "POST"),
        cross(ask("GET")).header("x-forwarded-method", "POST"),
        cross(ask_as_envoy("POST", "/a")).header("x-forwarded-method", "GET"),
        // The proxy says no method, and asks with GET.
        cross(TestRequest::get("/forwardAuth")),
        // WebSockets, and what proxies leave of their handshakes.
        cross(ask("GET")).header("upgrade", "websocket"),
        cross(ask("GET")).header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        cross(ask("GET")).header("sec-websocket-version", "13"),
        cross(ask_as_envoy("GET", "/ws")).header("sec-websocket-version", "13"),
    ] {
        let reply = app.send(refused.clone()).await;
        assert_eq!(reply.status, 403, "{refused:?}");
        reply.assert_problem(403, "CROSS_SITE");
        names_nobody(&reply);
    }
    let same = |request: TestRequest| {
        request
            .cookie(&token)
            .header("sec-fetch-site", "same-origin")
    };
    for passing in [
        same(ask("POST")),
        ask("POST").cookie(&token).header("origin", &ours),
        same(ask("GET")).header("sec-websocket-version", "13"),
        same(ask_as_envoy("DELETE", "/a")),
        same(TestRequest::get("/forwardAuth")).header("origin", &ours),
        // A link on another site is followed by a GET.
        ask("GET")
            .cookie(&token)
            .header("sec-fetch-site", "cross-site"),
        ask("POST")
            .bearer(&token)
            .header("sec-fetch-site", "cross-site"),
    ] {
        passes(&app.send(passing).await);
    }
    app.stop().await;
}

pub(super) async fn headers_of_other_peers_say_nothing(target: Target) {
    let app = target
        .app()
        .configure(|builder| builder.trusted_proxies([]))
        .start()
        .await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let cross = ask("GET")
        .cookie(&token)
        .header("origin", "https://evil.example");
    app.send(cross).await.assert_problem(403, "CROSS_SITE");
    let page = ask("GET")
        .header("accept", HTML)
        .header("x-forwarded-uri", "/secret");
    let reply = app.send(page).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some(login(&app, target, "").as_str())),
        "it is led back to the root"
    );
    passes(&app.send(ask("GET").cookie(&token)).await);
    app.stop().await;
}

/// The URL of the login page.
fn login(app: &TestApp, target: Target, query: &str) -> String {
    let prefix = match target.layout {
        Layout::Root => "",
        layout => layout.mount(),
    };
    format!("http://{}{prefix}/login{query}", app.address())
}

pub(super) async fn people_are_sent_to_the_login_and_back(target: Target) {
    let app = target.app().start().await;
    let host = app.address().to_string();
    let page = |uri: &str| {
        ask("GET")
            .header("accept", HTML)
            .header("x-forwarded-uri", uri)
            .header("x-forwarded-host", &host)
            .header("x-forwarded-proto", "http")
    };
    let url = format!("http://{host}/a?b=c&d=%E4%BC%81");
    let back = "?returnTo=/a%3Fb%3Dc%26d%3D%25E4%25BC%2581";
    for question in [
        page("/a?b=c&d=%E4%BC%81"),
        page("/a?b=c&d=%E4%BC%81").cookie("nonsense"),
        ask("GET")
            .header("accept", HTML)
            .header("x-original-url", &url),
        ask_as_envoy("GET", "/a?b=c&d=%E4%BC%81").header("accept", HTML),
    ] {
        let reply = app.send(question).await;
        assert_eq!(reply.status, 302);
        assert_eq!(
            reply.header("location"),
            Some(login(&app, target, back).as_str())
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        names_nobody(&reply);
    }
    for elsewhere in [
        "//evil.example/",
        "/a/../b",
        "https://evil.example/",
        &format!("/{}", "x".repeat(2_000)),
    ] {
        let reply = app.send(page(elsewhere)).await;
        assert_eq!(
            reply.header("location"),
            Some(login(&app, target, "").as_str()),
            "{elsewhere}"
        );
    }
    let foreign = ask("GET")
        .header("accept", HTML)
        .header("x-original-url", "https://evil.example/a");
    assert_eq!(
        app.send(foreign).await.header("location"),
        Some(login(&app, target, "").as_str())
    );
    // nginx passes on nothing but 401 and 403; its error page can follow the location.
    let nginx = TestRequest::get("/forwardAuth?on=401")
        .header("accept", HTML)
        .header("x-original-method", "GET")
        .header("x-original-url", &url);
    let reply = app.send(nginx).await;
    absent(&reply);
    assert_eq!(
        reply.header("location"),
        Some(login(&app, target, back).as_str())
    );
    for question in [
        ask("GET").header("x-forwarded-uri", "/a"),
        ask("POST")
            .header("accept", HTML)
            .header("x-forwarded-uri", "/a"),
        ask_as_envoy("POST", "/a").header("accept", HTML),
        TestRequest::get("/forwardAuth?on=401").header("x-forwarded-method", "GET"),
    ] {
        let reply = app.send(question).await;
        absent(&reply);
        assert_eq!(reply.header("location"), None);
    }
    invalid(&app.send(page("/a").bearer("nonsense")).await);
    app.stop().await;
}

pub(super) async fn address_may_demand_a_corp_and_an_instance(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(&open, &app.member(&open)).await;
    let ask = |query: &str| {
        TestRequest::get(format!("/forwardAuth?{query}")).header("x-forwarded-method", "GET")
    };
    for query in [
        format!("corpId={COMPANY_A}"),
        format!("corpId={}", COMPANY_A.to_ascii_uppercase()),
        "instance=QywxProxyCompanyA".to_owned(),
        format!("instance=auths.QywxProxyCompanyA&corpId={COMPANY_A}&on=401"),
    ] {
        passes(&app.send(ask(&query).bearer(&token)).await);
        let refused = app.send(ask(&query).bearer(&other)).await;
        refused.assert_problem(403, "FORBIDDEN");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(
            challenge.contains(r#"error="insufficient_scope""#),
            "{challenge}"
        );
        names_nobody(&refused);
    }
    let page = ask(&format!("corpId={COMPANY_A}"))
        .header("accept", HTML)
        .header("x-forwarded-uri", "/a");
    let query = format!("?returnTo=/a&corpId={COMPANY_A}");
    assert_eq!(
        app.send(page).await.header("location"),
        Some(login(&app, target, &query).as_str())
    );
    for (query, status, code) in [
        ("corpId=", 400, "API_PARAMS_ERROR"),
        ("corpId=a%20b", 400, "API_PARAMS_ERROR"),
        ("on=403", 400, "API_PARAMS_ERROR"),
        ("on=401&on=401", 400, "API_PARAMS_ERROR"),
        ("corpid=x", 400, "API_PARAMS_ERROR"),
        ("instance=Nobody", 404, "INSTANCE_NOT_FOUND"),
    ] {
        app.send(ask(query).bearer(&token))
            .await
            .assert_problem(status, code);
    }
    // Behind an appended path the query is the request's own.
    for query in ["corpId=x", "on=403", "a=b"] {
        passes(
            &app.send(ask_as_envoy("GET", &format!("/a?{query}")).bearer(&token))
                .await,
        );
    }
    app.stop().await;
}

/// Everybody is this user of the host app.
struct OneUser(&'static str);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok(self.0.into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some(self.0.to_owned()))
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}

/// A user whose id no header holds as it is must not become another one.
pub(super) async fn user_id_that_no_header_holds_is_refused(target: Target) {
    for user_id in ["用户", "a\nremote-user: b", " a"] {
        let app = target
            .app()
            .configure(move |builder| builder.binder(OneUser(user_id)))
            .start()
            .await;
        let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
        let reply = app.send(ask("GET").bearer(&token)).await;
        reply.assert_problem(500, "INTERNAL_ERROR");
        names_nobody(&reply);
        app.stop().await;
    }
}
