//! The login routes: as a service, as a configuration, in scopes, at the root.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod stack;

use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, PayloadConfig, get};
use actix_web::{App, HttpResponse};
use stack::{ADMIN_KEY, Answer, ask, bearer, handle, request, token};
use wecom_login::web::routes;
use wecom_login_actix::{configure, scope};

/// An app whose own limit for bodies is far below ours.
macro_rules! app {
    ($login:expr) => {
        init_service(App::new().app_data(PayloadConfig::new(10)).service(scope("/auth", $login))).await
    };
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().body("the host's own")
}

fn post(path: &str, body: impl Into<web::Bytes>) -> TestRequest {
    TestRequest::post().uri(path).set_payload(body)
}

fn is_plain_and_empty(answer: &Answer) {
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn every_path_answers_every_method() {
    let login = handle().await;
    let app = app!(&login);
    for route in routes() {
        let path = format!("/auth{}", route.path.replace("{Instance}", "Nobody").replace("{id}", "1"));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            let answer = ask!(&app, request(method, &path, &[]));
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

#[actix_web::test]
async fn unknown_paths_are_the_hosts() {
    let login = handle().await;
    let app = App::new()
        .service(scope("/auth", &login))
        .route("/auth/own", get().to(async || "beside ours"))
        .default_service(web::to(not_found));
    let app = init_service(app).await;
    for path in [
        "/auth",
        "/auth/",
        "/auth/nothing",
        "/auth/me/",
        "/auth/a/b/notify",
        "/me",
        // actix decodes before it compares; the core and every proxy in front do not.
        "/auth/%6De",
        "/%61uth/me",
        "/auth//notify",
    ] {
        assert_eq!(ask!(&app, request("GET", path, &[])).body, "the host's own", "{path}");
    }
    assert_eq!(ask!(&app, request("GET", "/auth/own", &[])).body, "beside ours");
}

#[actix_web::test]
async fn the_variable_of_a_path_is_decoded_once() {
    let login = handle().await;
    let app = app!(&login);
    for (path, status) in [
        ("/auth/QywxProxyDefault/getLoginConfig", 200),
        ("/auth/auths.Qywx%50roxyDefault/getLoginConfig", 200),
        ("/auth/Qywx%2550roxyDefault/getLoginConfig", 404),
        ("/auth/a%2Fb/getLoginConfig", 404),
        ("/auth/%FF/getLoginConfig", 404),
    ] {
        let answer = ask!(&app, request("GET", path, &[]));
        assert_eq!(answer.status, status, "{path}");
        if status == 404 {
            assert_eq!(answer.problem().1, "INSTANCE_NOT_FOUND", "{path}");
        }
    }
}

#[actix_web::test]
async fn me_is_found_however_it_is_mounted() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let home = async || "the host's own";
    let service = App::new().service(scope("/auth", &login));
    let configured = App::new().configure(configure("auth/", &login));
    let root = App::new().route("/", get().to(home)).configure(configure("/", &login));
    let root_service = App::new().service(scope("", &login)).route("/", get().to(home));
    let in_scope = web::scope("/b").service(scope("/auth", &login));
    let nested = App::new().service(web::scope("/a").route("/x", get().to(home)).service(in_scope));
    let in_configured = web::scope("/b").configure(configure("/", &login));
    let nested_root = App::new().service(web::scope("/a").service(in_configured));
    macro_rules! check {
        ($app:expr, $path:expr) => {{
            let (app, path) = (init_service($app).await, $path);
            assert_eq!(ask!(&app, request("GET", path, &[])).problem(), (401, "UNAUTHENTICATED".into()));
            let me = ask!(&app, request("GET", path, &[("authorization", &token)]));
            assert_eq!(me.header("content-type"), Some("application/json"));
            assert_eq!(me.json()["user"]["thirdUserId"], "zhangsan", "{path}");
            assert_eq!(me.json()["session"]["current"], true);
            let head = ask!(&app, request("HEAD", path, &[("authorization", &token)]));
            assert_eq!((head.status.as_u16(), &*head.body), (200, &b""[..]));
            assert_eq!(head.header("content-length"), Some(&*me.body.len().to_string()));
            app
        }};
    }
    check!(service, "/auth/me");
    check!(configured, "/auth/me");
    check!(nested, "/a/b/auth/me");
    check!(nested_root, "/a/b/me");
    for app in [check!(root, "/me"), check!(root_service, "/me")] {
        assert_eq!(ask!(&app, request("GET", "/", &[])).body, "the host's own");
    }
}

#[actix_web::test]
async fn bodies_have_our_limits_and_not_the_hosts() {
    let login = handle().await;
    let app = app!(&login);
    let of = |length: usize| format!(r#"{{"x":"{}"}}"#, "y".repeat(length - 8));
    let json = async |body: String| ask!(&app, post("/auth/loginByCode", body)).problem();
    assert_eq!(json(of(16 * 1024)).await, (400, "API_PARAMS_ERROR".into()));
    assert_eq!(json(of(16 * 1024 + 1)).await, (413, "BODY_TOO_LARGE".into()));
    let large = ask!(&app, post("/auth/notify", vec![b'x'; 64 * 1024 + 1]));
    assert_eq!(large.status, 413);
    is_plain_and_empty(&large);
}

#[actix_web::test]
async fn clients_are_counted_by_the_address_they_come_from() {
    let login = handle().await;
    let app = app!(&login);
    let key = bearer(ADMIN_KEY);
    let ask = async |peer: &str, key: &str| {
        let request = request("GET", "/auth/corps", &[("authorization", key)]);
        ask!(&app, request.peer_addr(peer.parse().unwrap()))
    };
    for _ in 0..10 {
        assert_eq!(ask("192.0.2.1:1000", "Bearer guess").await.problem(), (403, "FORBIDDEN".into()));
    }
    let limited = ask("192.0.2.1:1001", &key).await;
    assert_eq!(limited.problem(), (429, "RATE_LIMITED".into()));
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(ask("192.0.2.2:1000", &key).await.status, 200);
}

#[actix_web::test]
async fn logging_out_ends_the_session_and_clears_the_cookie_that_was_sent() {
    let login = handle().await;
    let app = app!(&login);
    for path in ["/auth/logout", "/auth/logoutAll"] {
        let token = token(&login, "ww1").await;
        let cookie = format!("wecom_login={token}");
        let headers = [("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
        let answer = ask!(&app, request("POST", path, &headers));
        assert_eq!(answer.status, 204);
        assert!(answer.header("set-cookie").unwrap().starts_with("wecom_login=; Max-Age=0;"));
        let after = ask!(&app, request("GET", "/auth/me", &[("authorization", &bearer(&token))]));
        assert_eq!(after.problem(), (401, "TOKEN_INVALID".into()));
    }
}
