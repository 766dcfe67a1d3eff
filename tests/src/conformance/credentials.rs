//! Bearers and cookies.

use super::Target;
use crate::app::TestApp;
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
    for value in ["Basic YTpi", "Digest x", "Bearers x", &token, ""] {
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
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
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
    let two = TestRequest::get("/api/hello").bearer(&token);
    invalid(&app.send_to_host(two.clone().bearer(&token)).await);
    invalid(
        &app.send_to_host(two.header("authorization", "Basic YTpi"))
            .await,
    );
    let basics = TestRequest::get("/api/hello").header("authorization", "Basic YTpi");
    absent(
        &app.send_to_host(basics.header("authorization", "Basic YTpj"))
            .await,
    );
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

/// A page polls while the browser logs in again: the late answer to the old cookie must not clear the new one.
pub(super) async fn fetch_clears_no_cookie(target: Target) {
    let app = target.app().start().await;
    let dead = ended(&app).await;
    let live = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let prefix = target.layout.prefix();
    for path in [
        "/api/hello".to_owned(),
        "/api/public".to_owned(),
        "/api/replaced".to_owned(),
        format!("{prefix}/me"),
        format!("{prefix}/sessions"),
    ] {
        for stale in [dead.as_str(), "nonsense"] {
            let ask = || TestRequest::get(&path).cookie(stale);
            for fetch in [
                ask(),
                ask().header("accept", "*/*"),
                ask().header("sec-fetch-mode", "cors"),
                ask()
                    .header("sec-fetch-mode", "same-origin")
                    .header("accept", "text/html"),
                ask().header("sec-fetch-mode", "cors").bearer(&live),
            ] {
                let reply = app.send_to_host(fetch).await;
                assert_eq!(reply.header("set-cookie"), None, "{path}");
            }
            let navigation = ask().header("sec-fetch-mode", "navigate");
            clears_the_cookie(&app.send_to_host(navigation).await);
        }
    }
    // A logout is a person's wish, though a script sends it.
    for path in ["/logout", "/logoutAll"] {
        let logout = TestRequest::post(path)
            .cookie(&dead)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", "same-origin");
        let reply = app.send(logout).await;
        reply.assert_problem(401, "TOKEN_INVALID");
        clears_the_cookie(&reply);
    }
    app.stop().await;
}

/// On plain http a browser may have several cookies of our name: of another path, or of a parent domain.
pub(super) async fn stale_cookie_before_the_good_one_does_not_win(target: Target) {
    let app = target.app().start().await;
    let dead = ended(&app).await;
    let live = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for stale in [dead.as_str(), "nonsense"] {
        for cookies in [
            format!("wecom_login={stale}; wecom_login={live}"),
            format!("wecom_login={live}; wecom_login={stale}"),
        ] {
            let ask = |target: String| {
                TestRequest::get(target)
                    .header("cookie", cookies.clone())
                    .header("sec-fetch-mode", "navigate")
            };
            for path in [
                "/api/hello".to_owned(),
                format!("{}/me", target.layout.prefix()),
            ] {
                let reply = app.send_to_host(ask(path)).await;
                assert_eq!((reply.status, reply.header("set-cookie")), (200, None));
            }
        }
    }
    let logout = TestRequest::post("/logout")
        .header("cookie", format!("wecom_login={dead}; wecom_login={live}"))
        .header("sec-fetch-site", "same-origin");
    app.send(logout).await.assert_no_content();
    assert_eq!(app.hello_status(&live).await, 401);
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
            let reply = both(&one, stale).await;
            assert_eq!(reply.status, 200);
            clears_the_cookie(&reply);
            invalid(&both(stale, &one).await);
        }
    }
    let me = app
        .send(TestRequest::get("/me").bearer(&one).cookie(&dead))
        .await;
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
