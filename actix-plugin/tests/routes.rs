//! The login routes: as a service, as a configuration, in scopes, at the root.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use actix_web::test::init_service;
use actix_web::web::{self, get};
use actix_web::{App, HttpRequest, HttpResponse};
use in_memory::{call, request};
use wecom_login::NotifyRequest;
use wecom_login_actix::{configure, login_routes, notify_response};
use wecom_login_adapter_tests::handle::{ADMIN_KEY, MEMBER, bearer, handle, token};

macro_rules! app {
    ($login:expr) => {
        init_service(App::new().service(login_routes("/auth", $login))).await
    };
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().body("the host's own")
}

#[actix_web::test]
async fn unknown_path_falls_through_to_default_service() {
    let login = handle().await;
    let app = App::new()
        .service(login_routes("/auth", &login))
        .route("/auth/own", get().to(async || "beside ours"))
        .default_service(web::to(not_found));
    let app = init_service(app).await;
    for path in [
        "/auth",
        "/auth/",
        "/auth/nothing",
        "/auth/me//",
        "/auth/a/b/notify",
        "/me",
        // actix decodes before it compares; the core and every proxy in front do not.
        "/auth/%6De",
        "/%61uth/me",
        "/auth//notify",
    ] {
        assert_eq!(
            call!(&app, request("GET", path, &[])).text(),
            "the host's own",
            "{path}"
        );
    }
    assert_eq!(
        call!(&app, request("GET", "/auth/own", &[])).text(),
        "beside ours"
    );
}

#[actix_web::test]
async fn path_variable_is_decoded_once() {
    let login = handle().await;
    let app = app!(&login);
    for (path, status) in [
        ("/auth/QywxProxyDefault/getLoginConfig", 200),
        ("/auth/auths.Qywx%50roxyDefault/getLoginConfig", 200),
        ("/auth/Qywx%2550roxyDefault/getLoginConfig", 404),
        ("/auth/a%2Fb/getLoginConfig", 404),
        ("/auth/%FF/getLoginConfig", 404),
    ] {
        let response = call!(&app, request("GET", path, &[]));
        assert_eq!(response.status, status, "{path}");
        if status == 404 {
            assert_eq!(response.problem().1, "INSTANCE_NOT_FOUND", "{path}");
        }
    }
}

#[actix_web::test]
async fn me_answers_as_service_configuration_scope_and_root() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let home = async || "the host's own";
    let service = App::new().service(login_routes("/auth", &login));
    let configured = App::new().configure(configure("auth/", &login));
    let root = App::new()
        .route("/", get().to(home))
        .configure(configure("/", &login));
    let root_service = App::new()
        .service(login_routes("", &login))
        .route("/", get().to(home));
    let in_scope = web::scope("/b").service(login_routes("/auth", &login));
    let nested = App::new().service(
        web::scope("/a")
            .route("/x", get().to(home))
            .service(in_scope),
    );
    let in_configured = web::scope("/b").configure(configure("/", &login));
    let nested_root = App::new().service(web::scope("/a").service(in_configured));
    macro_rules! check {
        ($app:expr, $path:expr) => {{
            let (app, path) = (init_service($app).await, $path);
            assert_eq!(
                call!(&app, request("GET", path, &[])).problem(),
                (401, "UNAUTHENTICATED".into())
            );
            let me = call!(&app, request("GET", path, &[("authorization", &token)]));
            assert_eq!(me.header("content-type"), Some("application/json"));
            assert_eq!(me.json()["user"]["thirdUserId"], MEMBER, "{path}");
            assert_eq!(me.json()["session"]["current"], true);
            let head = call!(&app, request("HEAD", path, &[("authorization", &token)]));
            assert_eq!((head.status, &*head.body), (200, &b""[..]));
            assert_eq!(
                head.header("content-length"),
                Some(&*me.body.len().to_string())
            );
            app
        }};
    }
    check!(service, "/auth/me");
    check!(configured, "/auth/me");
    check!(nested, "/a/b/auth/me");
    check!(nested_root, "/a/b/me");
    for app in [check!(root, "/me"), check!(root_service, "/me")] {
        assert_eq!(
            call!(&app, request("GET", "/", &[])).text(),
            "the host's own"
        );
    }
}

#[actix_web::test]
async fn admin_key_limit_counts_by_peer_address() {
    let login = handle().await;
    let app = app!(&login);
    let key = bearer(ADMIN_KEY);
    let ask = async |peer: &str, key: &str| {
        let request = request("GET", "/auth/corps", &[("authorization", key)]);
        call!(&app, request.peer_addr(peer.parse().unwrap()))
    };
    for _ in 0..10 {
        assert_eq!(
            ask("192.0.2.1:1000", "Bearer guess").await.problem(),
            (403, "FORBIDDEN".into())
        );
    }
    let limited = ask("192.0.2.1:1001", &key).await;
    assert_eq!(limited.problem(), (429, "RATE_LIMITED".into()));
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(ask("192.0.2.2:1000", &key).await.status, 200);
}

#[actix_web::test]
async fn callback_route_of_the_host_answers_as_ours_does() {
    let login = handle().await;
    let own = {
        let login = login.clone();
        move |request: HttpRequest, body: web::Bytes| {
            let login = login.clone();
            async move {
                let event = NotifyRequest::post(request.query_string(), body);
                notify_response(login.service().notify(event).await)
            }
        }
    };
    let app = App::new()
        .service(login_routes("/auth", &login))
        .route("/wecom", web::post().to(own));
    let app = init_service(app).await;
    for path in ["/auth/notify", "/wecom"] {
        let answer = call!(&app, request("POST", path, &[]));
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{path}");
        let nosniff = answer.header("x-content-type-options");
        assert_eq!(nosniff, Some("nosniff"), "{path}");
    }
}
