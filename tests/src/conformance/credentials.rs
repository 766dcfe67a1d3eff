//! Bearers and cookies.

use super::Target;
use crate::app::{ADMIN_KEY, TestApp};
use crate::auths::COMPANY_A;
use crate::{TestRequest, TestResponse};

const BARE: &str = r#"Bearer realm="wecom-login""#;

pub(super) async fn bearer_is_parsed_strictly(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let dead = ended(&app).await;
    let hello = |value: String| {
        app.send_to_host(TestRequest::get("/api/hello").header("authorization", value))
    };
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token}"),
        format!("Bearer\t{token}"),
        format!(" Bearer {token} "),
    ] {
        assert_eq!(hello(value.clone()).await.status, 200, "{value}");
    }
    for value in ["Basic YTpi", "Digest x", "Bearers x", &token] {
        absent(&hello(value.to_owned()).await);
    }
    absent(&app.send_to_host(TestRequest::get("/api/hello")).await);
    absent(
        &app.send_to_host(TestRequest::get(format!(
            "/api/hello?access_token={token}&token={token}"
        )))
        .await,
    );
    absent(
        &app.send_to_host(TestRequest::get("/api/hello").header("x-token", &token))
            .await,
    );
    for value in [
        "Bearer x".to_owned(),
        format!("Bearer {token} x"),
        format!("Bearer {token},"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {token}A"),
        format!("Bearer {}", token.to_ascii_lowercase()),
        format!("Bearer {dead}"),
        format!("Bearer {}", "x".repeat(5000)),
        format!("Bearer {token}{}", " ".repeat(10) + &"x".repeat(5000)),
    ] {
        invalid(&hello(value).await);
    }
    app.stop().await;
}

pub(super) async fn two_authorizations_or_an_empty_one_are_400(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let bearer = format!("Bearer {token}");
    for path in ["/api/hello", "/api/public", "/api/page"] {
        for values in [
            &[""][..],
            &["Bearer"],
            &["Bearer "],
            &[&bearer, &bearer],
            &[&bearer, "Basic YTpi"],
            &["Basic YTpi", "Basic YTpj"],
        ] {
            let ask = TestRequest::get(path).header("accept", "text/html");
            for ask in [ask.clone(), ask.cookie(&token)] {
                let ask = values
                    .iter()
                    .fold(ask, |ask, value| ask.header("authorization", *value));
                malformed(&app.send_to_host(ask).await);
            }
        }
    }
    let two = TestRequest::get("/me").bearer(&token).bearer(&token);
    malformed(&app.send(two).await);
    let two = TestRequest::get("/corps")
        .bearer(ADMIN_KEY)
        .bearer(ADMIN_KEY);
    malformed(&app.send(two).await);
    app.stop().await;
}

pub(super) async fn bearer_of_the_host_app_is_its_own(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let dead = ended(&app).await;
    let mut forged = token.clone();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    let jwt = "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo";
    for foreign in [jwt, "sk-live-0123456789", &token[..45], &forged] {
        let get = |path: &str| TestRequest::get(path).bearer(foreign);
        // Beside a live cookie it is ignored, and the cookie needs our own page as ever.
        let hello = app.send_to_host(get("/api/hello").cookie(&token)).await;
        assert_eq!((hello.status, hello.header("set-cookie")), (200, None));
        let public = app.send_to_host(get("/api/public").cookie(&token)).await;
        assert_eq!(public.json()["corpId"], COMPANY_A);
        let _ = app.send(get("/me").cookie(&token)).await.success();
        let post = TestRequest::post("/api/echo-method")
            .bearer(foreign)
            .cookie(&token);
        app.send_to_host(post.clone())
            .await
            .assert_problem(403, "CROSS_SITE");
        let post = post.header("sec-fetch-site", "same-origin");
        assert_eq!(app.send_to_host(post).await.status, 200);
        // Alone it is anybody on an optional route, and proves nothing where a login is required.
        let public = app.send_to_host(get("/api/public")).await;
        assert_eq!((public.status, public.text()), (200, "{}"), "{foreign}");
        for path in ["/api/hello", "/api/only-corp"] {
            invalid(&app.send_to_host(get(path)).await);
        }
        invalid(&app.send(get("/me")).await);
        invalid(&app.send_to_host(get("/api/hello").cookie(&dead)).await);
        // What a browser opens through a gateway that adds a bearer leads to the login as without it.
        let page = get("/api/page").header("accept", "text/html");
        invalid(&app.send_to_host(page.clone()).await);
        let page = app.send_to_host(page.header("sec-fetch-mode", "navigate"));
        let expected = if foreign == forged { 401 } else { 302 };
        assert_eq!(page.await.status, expected, "{foreign}");
    }
    // One of ours that has ended is bad everywhere.
    for path in ["/api/hello", "/api/public"] {
        let ask = TestRequest::get(path).bearer(&dead);
        invalid(&app.send_to_host(ask.clone()).await);
        invalid(&app.send_to_host(ask.cookie(&token)).await);
    }
    app.stop().await;
}

pub(super) async fn allowed_origins_act_for_the_person(target: Target) {
    const FRONT: &str = "https://front.example.com";
    let app = target
        .app()
        .configure(|builder| builder.allowed_origins([FRONT]))
        .start()
        .await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let post = |origin: &str, site: Option<&str>| {
        let ask = TestRequest::post("/api/echo-method")
            .cookie(&token)
            .header("origin", origin);
        let ask = site
            .iter()
            .fold(ask, |ask, site| ask.header("sec-fetch-site", *site));
        app.send_to_host(ask)
    };
    for site in [None, Some("same-site"), Some("cross-site")] {
        assert_eq!(post(FRONT, site).await.status, 200, "{site:?}");
        for other in [
            "https://front.example.com.evil.example",
            "https://front.example.com:444",
            "http://front.example.com",
            "null",
        ] {
            post(other, site).await.assert_problem(403, "CROSS_SITE");
        }
    }
    // And a login may end there. The sealed cookie shows nothing, so the link of the page that asks again does.
    let form = |return_to: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("returnTo", return_to)
            .finish();
        app.send(TestRequest::get(format!("/login?{query}")))
    };
    for (return_to, kept) in [
        (
            "https://front.example.com/a?b=1",
            "https://front.example.com/a?b=1",
        ),
        ("https://front.example.com.evil.example/", "/"),
        ("https://front.example.com@evil.example/", "/"),
        ("https://evil.example/", "/"),
    ] {
        let page = form(return_to).await;
        let field = format!(r#"name="returnTo" value="{kept}""#);
        assert!(page.text().contains(&field), "{return_to}: {}", page.text());
    }
    app.stop().await;
}

pub(super) async fn session_cookie_is_read_and_cleared(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let dead = ended(&app).await;
    let hello =
        |cookie: String| app.send_to_host(TestRequest::get("/api/hello").header("cookie", cookie));
    for cookie in [
        format!("wecom_login={token}"),
        format!("a=b; wecom_login={token}; c=d"),
    ] {
        let reply = hello(cookie).await;
        assert_eq!((reply.status, reply.header("set-cookie")), (200, None));
    }
    for cookie in [
        format!("WECOM_LOGIN={token}"),
        format!("xwecom_login={token}"),
        "wecom_login=".to_owned(),
    ] {
        absent(&hello(cookie).await);
    }
    for path in ["/api/hello", "/api/public", "/api/only-corp"] {
        for stale in [dead.as_str(), "nonsense"] {
            let ask = || TestRequest::get(path).cookie(stale);
            for navigation in [
                ask().header("sec-fetch-mode", "navigate"),
                ask().header("accept", "text/html,*/*;q=0.8"),
            ] {
                let reply = app.send_to_host(navigation).await;
                invalid(&reply);
                clears_the_cookie(&reply);
            }
        }
    }
    // An invalid bearer clears no cookie.
    let reply = app
        .send_to_host(TestRequest::get("/api/hello").bearer("nonsense"))
        .await;
    assert_eq!(reply.header("set-cookie"), None);
    let basic = TestRequest::get("/api/hello")
        .cookie(&token)
        .header("authorization", "Basic YTpi");
    assert_eq!(
        app.send_to_host(basic).await.status,
        200,
        "another scheme is left to the host app"
    );
    // A logout by cookie clears it.
    let logout = TestRequest::post("/logout")
        .cookie(&token)
        .header("sec-fetch-site", "same-origin");
    let reply = app.send(logout).await;
    reply.assert_no_content();
    clears_the_cookie(&reply);
    assert_eq!(app.hello_status(&token).await, 401);
    app.stop().await;
}

pub(super) async fn unsafe_method_with_cookie_needs_same_origin(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let ours = format!("http://{}", app.address());
    let upper = ours.to_uppercase();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let ask = || TestRequest::new(method, "/api/echo-method").cookie(&token);
        for good in [
            ask().header("sec-fetch-site", "same-origin"),
            ask().header("origin", &ours),
            ask()
                .header("sec-fetch-site", "same-origin")
                .header("origin", "http://evil.example"),
        ] {
            let reply = app.send_to_host(good).await;
            assert_eq!((reply.status, reply.text()), (200, method));
        }
        for bad in [
            ask(),
            ask().header("sec-fetch-site", "cross-site"),
            ask().header("sec-fetch-site", "same-site"),
            ask().header("sec-fetch-site", "none"),
            ask().header("sec-fetch-site", ""),
            ask()
                .header("sec-fetch-site", "cross-site")
                .header("origin", &ours),
            ask().header("origin", "null"),
            ask().header("origin", "http://evil.example"),
            ask()
                .header("origin", "http://evil.example")
                .header("host", "evil.example"),
            ask().header("origin", format!("{ours}.evil.example")),
            ask().header("origin", &upper),
            ask()
                .header("origin", &ours)
                .header("origin", "http://evil.example"),
            ask().header("referer", format!("{ours}/")),
        ] {
            app.send_to_host(bad)
                .await
                .assert_problem(403, "CROSS_SITE");
        }
        let bearer = TestRequest::new(method, "/api/echo-method")
            .bearer(&token)
            .header("sec-fetch-site", "cross-site");
        assert_eq!(
            app.send_to_host(bearer).await.status,
            200,
            "a bearer needs no origin"
        );
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        let ask = TestRequest::new(method, "/api/echo-method")
            .cookie(&token)
            .header("sec-fetch-site", "cross-site");
        assert_eq!(app.send_to_host(ask).await.status, 200);
    }
    assert_eq!(app.hello_status(&token).await, 200);
    app.stop().await;
}

pub(super) async fn bearer_and_cookie_of_two_sessions_conflict(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let (one, two) = (
        app.token(COMPANY_A, &member).await,
        app.token(COMPANY_A, &member).await,
    );
    let dead = ended(&app).await;
    for path in ["/api/hello", "/api/public"] {
        let both = |bearer: &str, cookie: &str| {
            app.send_to_host(TestRequest::get(path).bearer(bearer).cookie(cookie))
        };
        let same = both(&one, &one).await;
        assert_eq!((same.status, same.header("set-cookie")), (200, None));
        both(&one, &two)
            .await
            .assert_problem(400, "CREDENTIALS_CONFLICT");
        for stale in [dead.as_str(), "nonsense"] {
            let fetched = both(&one, stale).await;
            assert_eq!((fetched.status, fetched.header("set-cookie")), (200, None));
            let page = TestRequest::get(path)
                .bearer(&one)
                .cookie(stale)
                .header("accept", "text/html");
            let page = app.send_to_host(page).await;
            assert_eq!(page.status, 200);
            clears_the_cookie(&page);
        }
        invalid(&both(&dead, &one).await);
    }
    let me = TestRequest::get("/me").bearer(&one).cookie(&dead);
    let me = app.send(me.header("accept", "text/html")).await;
    clears_the_cookie(&me);
    let _ = me.success();
    app.send(TestRequest::get("/me").bearer(&one).cookie(&two))
        .await
        .assert_problem(400, "CREDENTIALS_CONFLICT");
    app.stop().await;
}

#[track_caller]
pub(super) fn absent(reply: &TestResponse) {
    reply.assert_problem(401, "UNAUTHENTICATED");
    assert_eq!(reply.header("www-authenticate"), Some(BARE));
}

#[track_caller]
fn malformed(reply: &TestResponse) {
    reply.assert_problem(400, "API_PARAMS_ERROR");
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Bearer realm="wecom-login", error="invalid_request""#)
    );
}

#[track_caller]
pub(super) fn invalid(reply: &TestResponse) {
    reply.assert_problem(401, "TOKEN_INVALID");
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with(BARE) && challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
}

/// The token of a session that has ended.
pub(super) async fn ended(app: &TestApp) -> String {
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.send(TestRequest::post("/logout").bearer(&token))
        .await
        .assert_no_content();
    token
}

#[track_caller]
pub(super) fn clears_the_cookie(reply: &TestResponse) {
    let mut session = reply
        .header_values("set-cookie")
        .filter(|cookie| cookie.starts_with("wecom_login="));
    let cookie = session.next().expect("the cookie is cleared");
    assert_eq!(session.next(), None);
    assert!(
        cookie.starts_with("wecom_login=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}
