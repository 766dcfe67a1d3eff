//! Routes of the host app behind the guard.

use serde_json::json;

use super::Target;
use super::credentials::{absent, clears_the_cookie, ended, invalid};
use crate::adapter::{HOST_404, Layout};
use crate::auths::COMPANY_A;
use crate::{TestRequest, TestResponse};

pub(super) async fn host_routes_apply_their_guard(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(&open, &app.member(&open)).await;
    let get = |path: &str, token: &str| app.send_to_host(TestRequest::get(path).bearer(token));

    assert_eq!(
        app.send_to_host(TestRequest::get("/api/public"))
            .await
            .json(),
        json!({})
    );
    assert_eq!(get("/api/public", &token).await.json()["corpId"], COMPANY_A);
    invalid(&get("/api/public", &ended(&app).await).await);
    let basic = TestRequest::get("/api/public").header("authorization", "Basic YTpi");
    assert_eq!(
        app.send_to_host(basic).await.json(),
        json!({}),
        "another scheme counts as no credential"
    );

    for path in ["/api/only-corp", "/api/only-instance"] {
        assert_eq!(get(path, &token).await.status, 200);
        let outside = get(path, &other).await;
        outside.assert_problem(403, "FORBIDDEN");
        let challenge = outside.header("www-authenticate").unwrap();
        assert!(
            challenge.contains(r#"error="insufficient_scope""#),
            "{challenge}"
        );
        absent(&app.send_to_host(TestRequest::get(path)).await);
    }
    let replaced = get("/api/replaced", "nonsense").await;
    assert_eq!((replaced.status, replaced.text()), (418, "TOKEN_INVALID"));
    let replaced = app
        .send_to_host(
            TestRequest::get("/api/replaced")
                .cookie("nonsense")
                .header("sec-fetch-mode", "navigate"),
        )
        .await;
    assert_eq!((replaced.status, replaced.text()), (418, "TOKEN_INVALID"));
    clears_the_cookie(&replaced);
    assert_eq!(get("/api/replaced", &token).await.status, 200);
    get("/api/unguarded", &token)
        .await
        .assert_problem(500, "CONFIG_ERROR");
    app.stop().await;
}

pub(super) async fn browser_is_redirected_to_login(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let page =
        |accept: &str| TestRequest::get("/api/page?x=1&y=%E4%BC%81").header("accept", accept);
    let html = "text/html,application/xhtml+xml,*/*;q=0.8";
    let login = match target.layout {
        Layout::Root => "/login",
        Layout::Auth => "/auth/login",
        Layout::Nested => "/a/b/auth/login",
    };
    for ask in [page(html), page(html).cookie("nonsense")] {
        let reply = app.send_to_host(ask).await;
        assert_eq!(reply.status, 302);
        let (path, query) = reply.header("location").unwrap().split_once('?').unwrap();
        assert_eq!(path, login);
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(
            query,
            [("returnTo".into(), "/api/page?x=1&y=%E4%BC%81".into())]
        );
        is_a_quiet_redirect(&reply);
    }
    assert_eq!(
        app.send_to_host(page(html).bearer(&token)).await.status,
        200
    );
    for ask in [
        page("*/*"),
        page("application/json"),
        TestRequest::get("/api/page"),
    ] {
        absent(&app.send_to_host(ask).await);
    }
    invalid(&app.send_to_host(page(html).bearer("nonsense")).await);
    absent(
        &app.send_to_host(TestRequest::get("/api/hello").header("accept", html))
            .await,
    );
    // A replaced rejection does not change the redirect.
    let replaced = TestRequest::get("/api/replaced-page")
        .header("accept", html)
        .cookie("nonsense");
    let reply = app.send_to_host(replaced).await;
    assert_eq!((reply.status, reply.text()), (302, "TOKEN_INVALID"));
    assert_eq!(
        reply.header("location"),
        Some(format!("{login}?returnTo=/api/replaced-page").as_str())
    );
    is_a_quiet_redirect(&reply);
    clears_the_cookie(&reply);
    assert_eq!(
        app.send_to_host(TestRequest::get("/api/replaced-page"))
            .await
            .status,
        418
    );
    // A `returnTo` that is too long is dropped.
    let long = format!("/api/page?{}", "x".repeat(2000));
    let reply = app
        .send_to_host(TestRequest::get(long).header("accept", html))
        .await;
    assert_eq!((reply.status, reply.header("location")), (302, Some(login)));
    app.stop().await;
}

pub(super) async fn guarded_answers_are_nobody_elses(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let private = |reply: &TestResponse, cache: &str, vary: &[&str]| {
        assert_eq!(reply.header("cache-control"), Some(cache), "{reply:?}");
        assert_eq!(reply.header_values("vary").collect::<Vec<_>>(), vary);
    };
    let own = ["Cookie, Authorization"];
    for path in ["/api/hello", "/api/public", "/api/page"] {
        let ask = TestRequest::get(path);
        for ask in [ask.clone().cookie(&token), ask.bearer(&token)] {
            private(&app.send_to_host(ask).await, "private", &own);
        }
    }
    let public = app.send_to_host(TestRequest::get("/api/public")).await;
    private(&public, "private", &own);
    // What the handler says stays.
    let cached = app
        .send_to_host(TestRequest::get("/api/cached").cookie(&token))
        .await;
    private(
        &cached,
        "public, max-age=60",
        &["Origin", "Cookie, Authorization"],
    );
    // Rejections, and what replaces them.
    let rejected = app.send_to_host(TestRequest::get("/api/hello")).await;
    private(&rejected, "no-store", &own);
    let rejected = app
        .send_to_host(TestRequest::get("/api/hello").bearer(&ended(&app).await))
        .await;
    private(&rejected, "no-store", &own);
    let page = TestRequest::get("/api/page").header("accept", "text/html");
    private(&app.send_to_host(page).await, "no-store", &own);
    let replaced = app.send_to_host(TestRequest::get("/api/replaced")).await;
    private(&replaced, "public", &own);
    // A session that is not in memory.
    app.login.sessions().revoke_all().await.unwrap();
    let reply = app
        .send_to_host(TestRequest::get("/api/hello").cookie(&token))
        .await;
    private(&reply, "no-store", &own);
    app.stop().await;
}

/// A link to a page in a message of WeCom names the company: the login must not ask for it again.
pub(super) async fn page_hands_its_corp_on_to_login(target: Target) {
    let app = target.app().start().await;
    let html = "text/html,*/*;q=0.8";
    let login_of = async |page: &str| {
        let ask = TestRequest::get(page).header("accept", html);
        let reply = app.send_to_host(ask).await;
        assert_eq!(reply.status, 302, "{page}");
        let (_, query) = reply.header("location").unwrap().split_once('?').unwrap();
        let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        assert_eq!(query.remove(0), ("returnTo".to_owned(), page.to_owned()));
        query
    };
    let named = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(
        login_of("/api/page?tab=2&corpId=ww1").await,
        named("corpId", "ww1")
    );
    assert_eq!(
        login_of("/api/page?orgCode=Acme").await,
        named("orgCode", "Acme")
    );
    for nothing in [
        "/api/page?corpId=a%20b",
        "/api/page?corpId=ww1&corpId=ww2",
        "/api/corp-page",
    ] {
        assert_eq!(login_of(nothing).await, [], "{nothing}");
    }
    // The host app names the company, where the page does not.
    assert_eq!(
        login_of("/api/company-a-page").await,
        named("corpId", COMPANY_A)
    );
    assert_eq!(
        login_of("/api/company-a-page?corpId=ww1").await,
        named("corpId", "ww1")
    );
    app.stop().await;
}

pub(super) async fn session_of_another_corp_is_led_to_login(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let (ours, other) = (
        app.token(COMPANY_A, &app.member(COMPANY_A)).await,
        app.token(&open, &app.member(&open)).await,
    );
    app.set_organization_code(&open, "Open-1").await;
    let page = |target: &str, token: &str| {
        TestRequest::get(target)
            .cookie(token)
            .header("accept", "text/html,*/*;q=0.8")
    };
    let of_open = format!("/api/corp-page?corpId={open}");
    for (target, token) in [
        (of_open.as_str(), &other),
        ("/api/corp-page?orgCode=oPEN-1", &other),
        ("/api/corp-page", &other),
        ("/api/corp-page", &ours),
        ("/api/corp-page?corpId=a%20b", &ours),
        ("/api/company-a-page", &ours),
    ] {
        let reply = app.send_to_host(page(target, token)).await;
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    }
    for (target, token, corp) in [
        (of_open.as_str(), &ours, format!("&corpId={open}")),
        (
            "/api/corp-page?orgCode=Open-1",
            &ours,
            "&orgCode=Open-1".to_owned(),
        ),
        (
            "/api/corp-page?orgCode=nobody",
            &ours,
            "&orgCode=nobody".to_owned(),
        ),
        (
            "/api/company-a-page",
            &other,
            format!("&corpId={COMPANY_A}"),
        ),
    ] {
        let reply = app.send_to_host(page(target, token)).await;
        let location = reply.header("location").unwrap();
        assert_eq!(reply.status, 302);
        assert!(location.ends_with(&corp), "{location}");
        is_a_quiet_redirect(&reply);
        assert_eq!(reply.header("set-cookie"), None, "the session goes on");
        assert_eq!(app.hello_status(token).await, 200);
        // Only a browser that opens the page is led away.
        for script in [
            TestRequest::get(target).cookie(token),
            TestRequest::get(target)
                .bearer(token)
                .header("accept", "text/html"),
        ] {
            assert_eq!(app.send_to_host(script).await.status, 200, "{target}");
        }
    }
    // Without that option the page is shown.
    let plain = page(&format!("/api/page?corpId={open}"), &ours);
    assert_eq!(app.send_to_host(plain).await.status, 200);
    app.stop().await;
}

/// Of the host app's paths, none is taken.
pub(super) async fn slash_at_the_end_is_the_same_path(target: Target) {
    let app = target.app().start().await;
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/login"),
        ("GET", "/callback"),
        ("GET", "/notify"),
        ("POST", "/notify"),
        ("GET", "/QywxProxyDefault/notify"),
        ("POST", "/QywxProxyDefault/notify"),
        ("GET", "/QywxProxyDefault/getLoginConfig"),
        ("POST", "/loginByCode"),
        ("DELETE", "/sessions/nobody"),
        ("PUT", "/corps"),
    ] {
        let plain = app.send(TestRequest::new(method, path)).await;
        let slashed = app.send(TestRequest::new(method, format!("{path}/"))).await;
        assert_ne!(plain.status, 404, "{method} {path}");
        assert_eq!(plain.status, slashed.status, "{method} {path}/");
        assert_eq!(
            plain.header("content-type"),
            slashed.header("content-type"),
            "{method} {path}/"
        );
        let twice = app
            .send(TestRequest::new(method, format!("{path}//")))
            .await;
        assert_eq!((twice.status, twice.text()), (404, HOST_404), "{path}//");
    }
    app.stop().await;
}

/// Asserts that the redirect is not stored, not framed, and sends no referrer.
#[track_caller]
fn is_a_quiet_redirect(reply: &TestResponse) {
    assert_eq!(reply.header("www-authenticate"), None);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
