//! The login routes: mounted, nested, merged, and as a plain service.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod stack;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use http::Request;
use stack::{ADMIN_KEY, Answer, ask, bearer, collect, handle, request, token};
use tower::ServiceExt as _;
use wecom_login::WecomLogin;
use wecom_login::web::routes;
use wecom_login_tower::{LoginService, login_routes};

fn app(login: &WecomLogin) -> Router {
    Router::new().nest("/auth", login_routes(login)).layer(DefaultBodyLimit::max(10))
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).unwrap()
}

fn is_plain_and_empty(answer: &Answer) {
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn every_path_answers_every_method() {
    let login = handle().await;
    let app = app(&login);
    for route in routes() {
        let path = format!("/auth{}", route.path.replace("{Instance}", "Nobody").replace("{id}", "1"));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            let answer = ask(&app, request(method, &path, &[])).await;
            if route.methods.contains(&method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some(&*route.methods.join(", ")), "{method} {path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            if method == "HEAD" {
                assert!(answer.body.is_empty());
            } else if route.path.ends_with("notify") {
                is_plain_and_empty(&answer);
            } else {
                assert_eq!(answer.problem().1, "METHOD_NOT_ALLOWED");
            }
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_the_hosts() {
    let login = handle().await;
    let app = app(&login).fallback(|| async { (http::StatusCode::NOT_FOUND, "the host's own") });
    for path in ["/auth", "/auth/", "/auth/nothing", "/auth/me/", "/auth/a/b/notify", "/me"] {
        assert_eq!(&*ask(&app, request("GET", path, &[])).await.body, b"the host's own", "{path}");
    }
}

#[tokio::test]
async fn me_is_found_however_it_is_mounted() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let nested = Router::new().nest("/a", Router::new().nest("/b", login_routes(&login)));
    let merged = Router::new().merge(login_routes(&login));
    for (app, path) in [(app(&login), "/auth/me"), (nested, "/a/b/me"), (merged, "/me")] {
        assert_eq!(ask(&app, request("GET", path, &[])).await.problem(), (401, "UNAUTHENTICATED".into()));
        let me = ask(&app, request("GET", path, &[("authorization", &token)])).await;
        assert_eq!(me.header("content-type"), Some("application/json"));
        assert_eq!(me.header("cache-control"), Some("no-store"));
        let body = me.json();
        assert_eq!(body["user"]["thirdUserId"], "zhangsan");
        assert_eq!(body["user"]["corpId"], "ww1");
        assert_eq!(body["session"]["instance"], "auths.QywxProxyDefault");
        assert_eq!(
            (&body["session"]["current"], &body["session"]["platform"]),
            (&true.into(), &"app".into())
        );
        assert!(body["session"]["expiresAt"].is_i64());

        let head = ask(&app, request("HEAD", path, &[("authorization", &token)])).await;
        assert!(head.body.is_empty());
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-length"), Some(&*me.body.len().to_string()));
    }
}

#[tokio::test]
async fn bodies_have_our_limits_and_not_the_hosts() {
    let login = handle().await;
    let app = app(&login);
    let of = |length: usize| format!(r#"{{"x":"{}"}}"#, "y".repeat(length - 8));
    let json = async |body: Body| ask(&app, post("/auth/loginByCode", body)).await.problem();
    assert_eq!(json(of(16 * 1024).into()).await, (400, "API_PARAMS_ERROR".into()));
    assert_eq!(json(of(16 * 1024 + 1).into()).await, (413, "BODY_TOO_LARGE".into()));
    let large = ask(&app, post("/auth/notify", vec![b'x'; 64 * 1024 + 1])).await;
    assert_eq!(large.status, 413);
    is_plain_and_empty(&large);
}

#[tokio::test]
async fn wrong_parameters_are_refused_before_anything_is_called() {
    let login = handle().await;
    let app = app(&login);
    for (path, body, code) in [
        ("/auth/loginByCode", "", "API_PARAMS_ERROR"),
        ("/auth/loginByCode", r#"{"loginCode":"a","x":1}"#, "API_PARAMS_ERROR"),
        ("/auth/loginByCode", r#"{"loginCode":"a","platform":"tv"}"#, "PLATFORM_UNKNOWN"),
        ("/auth/loginByWorkbench", r#"{"corpId":"ww1","code":" "}"#, "API_PARAMS_ERROR"),
    ] {
        assert_eq!(ask(&app, post(path, body)).await.problem(), (400, code.into()), "{path} {body}");
    }
    let missing = ask(&app, request("GET", "/auth/getLoginConfig", &[])).await;
    assert_eq!(missing.problem(), (400, "API_PARAMS_ERROR".into()));
    assert_eq!(missing.json()["detail"], "code is missing");
    let unknown = ask(&app, request("GET", "/auth/Nobody/getLoginConfig", &[])).await;
    assert_eq!(unknown.problem(), (404, "INSTANCE_NOT_FOUND".into()));
}

#[tokio::test]
async fn administration_needs_the_key_before_anything_is_read() {
    let login = handle().await;
    let app = app(&login);
    for (method, path) in [
        ("POST", "/auth/setCode"),
        ("POST", "/auth/retryCallBack"),
        ("GET", "/auth/corps"),
        ("GET", "/auth/callbackRecords"),
    ] {
        assert_eq!(ask(&app, request(method, path, &[])).await.problem(), (403, "FORBIDDEN".into()));
    }
    let key = bearer(ADMIN_KEY);
    let answer = ask(&app, request("GET", "/auth/callbackRecords?limit=0", &[("authorization", &key)])).await;
    assert_eq!(answer.problem(), (400, "API_PARAMS_ERROR".into()));
    for _ in 0..10 {
        let guess = request("GET", "/auth/corps", &[("authorization", "Bearer guess")]);
        assert_eq!(ask(&app, guess).await.problem().0, 403);
    }
    let limited = ask(&app, request("GET", "/auth/corps", &[("authorization", &key)])).await;
    assert_eq!(limited.problem(), (429, "RATE_LIMITED".into()));
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
}

#[tokio::test]
async fn logging_out_ends_the_session_and_clears_the_cookie_that_was_sent() {
    let login = handle().await;
    let app = app(&login);
    for path in ["/auth/logout", "/auth/logoutAll"] {
        let token = token(&login, "ww1").await;
        let cookie = format!("wecom_login={token}");
        let headers = [("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
        let answer = ask(&app, request("POST", path, &headers)).await;
        assert_eq!(answer.status, 204);
        assert!(answer.header("set-cookie").unwrap().starts_with("wecom_login=; Max-Age=0;"));
        let after = ask(&app, request("GET", "/auth/me", &[("authorization", &bearer(&token))])).await;
        assert_eq!(after.problem(), (401, "TOKEN_INVALID".into()));
    }
    let bearer = bearer(&token(&login, "ww1").await);
    let answer = ask(&app, request("POST", "/auth/logout", &[("authorization", &bearer)])).await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (204, None));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_id() {
    let login = handle().await;
    let app = app(&login);
    let (one, other) = (bearer(&token(&login, "ww1").await), bearer(&token(&login, "ww1").await));
    let stranger = bearer(&token(&login, "ww2").await);
    let list = ask(&app, request("GET", "/auth/sessions", &[("authorization", &one)])).await.json();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other_id =
        sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/auth/sessions/{other_id}");
    let refused = ask(&app, request("DELETE", &path, &[("authorization", &stranger)])).await;
    assert_eq!(refused.problem(), (404, "SESSION_NOT_FOUND".into()));
    assert_eq!(ask(&app, request("DELETE", &path, &[("authorization", &one)])).await.status, 204);
    assert_eq!(ask(&app, request("GET", "/auth/me", &[("authorization", &other)])).await.problem().0, 401);
}

#[tokio::test]
async fn the_plain_service_strips_the_mount_itself() {
    let login = handle().await;
    let service = LoginService::new(&login);
    let token = bearer(&token(&login, "ww1").await);
    let ask = async |path: &str| {
        let request = request("GET", path, &[("authorization", &token)]);
        collect(service.clone().oneshot(request).await.unwrap()).await
    };
    assert_eq!(ask("/auth/me").await.json()["user"]["thirdUserId"], "zhangsan");
    for path in ["/me", "/authme", "/auth", "/auth/nothing", "/other/auth/me"] {
        assert_eq!(ask(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn clients_are_told_apart_by_the_address_of_their_connection() {
    let login = handle().await;
    let app = app(&login);
    let guess = async |address: &str| {
        let mut request = request("GET", "/auth/corps", &[("authorization", "Bearer guess")]);
        let peer: std::net::SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        ask(&app, request).await.problem().0
    };
    for port in 1..=10 {
        assert_eq!(guess(&format!("[2001:db8::{port}]:4711")).await, 403);
    }
    assert_eq!(guess("[2001:db8::ffff]:1").await, 429, "one /64 is one client");
    assert_eq!(guess("[2001:db8:0:1::1]:1").await, 403);
    assert_eq!(guess("192.0.2.1:1").await, 403);
}
