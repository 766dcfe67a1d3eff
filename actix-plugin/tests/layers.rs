//! CORS, compression and logging around the middleware and the login routes.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use std::convert::Infallible;
use std::sync::Mutex;

use actix_cors::Cors;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Service as _;
use actix_web::http::header::{self, ContentEncoding};
use actix_web::middleware::Compress;
use actix_web::test::init_service;
use actix_web::web::{self, Bytes, get, route};
use actix_web::{App, HttpResponse};
use futures_util::stream::{self, StreamExt as _};
use in_memory::{call, request};
use wecom_login_actix::{AuthMiddleware, User, logger, login_routes};
use wecom_login_adapter_tests::handle::{MEMBER, ORIGIN, bearer, handle, token};

/// Method, target and headers.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

const FRONT: &str = "https://front.example.com";

/// The layers as the docs lay them: all of them around all routes. A macro, because an app's type has no name here.
macro_rules! app {
    ($login:expr) => {{
        let cors = Cors::default()
            .allowed_origin(FRONT)
            .supports_credentials()
            .allowed_methods(["GET", "POST"])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
        let app = App::new()
            .wrap(Compress::default())
            .wrap(cors)
            .wrap(logger())
            .service(login_routes("/auth", $login))
            .service(
                web::scope("/in")
                    .wrap(AuthMiddleware::required($login))
                    .route("/private", route().to(private))
                    .route("/long", get().to(async |_: User| "long ".repeat(1000)))
                    .route("/events", get().to(events)),
            );
        init_service(app).await
    }};
}

async fn private(User(user): User) -> String {
    user.third_user_id().to_string()
}

async fn events(User(user): User) -> HttpResponse {
    let hello = stream::iter([Ok::<_, Infallible>(Bytes::from("data: hello\n\n"))]);
    let ended = user.ended();
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // `Compress` would hold events back.
        .insert_header(ContentEncoding::Identity)
        .streaming(hello.chain(stream::once(async {
            ended.await;
            Ok(Bytes::from("data: ended\n\n"))
        })))
}

#[actix_web::test]
async fn preflight_is_answered_before_the_guard_and_rejections_can_be_read() {
    let login = handle().await;
    let app = app!(&login);
    for path in [
        "/in/private",
        "/auth/me",
        "/auth/loginByCode",
        "/auth/logout",
    ] {
        let preflight = [
            ("origin", FRONT),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let answer = call!(&app, request("OPTIONS", path, &preflight));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
    }
    let rejected = call!(&app, request("GET", "/in/private", &[("origin", FRONT)]));
    rejected.assert_problem(401, "UNAUTHENTICATED");
    assert_eq!(rejected.header("access-control-allow-origin"), Some(FRONT));
    let vary: Vec<_> = rejected.header_values("vary").collect();
    assert!(
        vary.iter()
            .any(|vary| vary.contains("Cookie, Authorization")),
        "{vary:?}"
    );
    assert!(vary.iter().any(|vary| vary.contains("Origin")), "{vary:?}");
    let bearer = bearer(&token(&login, "ww1").await);
    let headers = [("origin", FRONT), ("authorization", &*bearer)];
    let answer = call!(&app, request("POST", "/in/private", &headers));
    assert_eq!(answer.text(), MEMBER);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT));
    assert_eq!(answer.header("cache-control"), Some("private"));
}

#[actix_web::test]
async fn answers_are_compressed_and_streams_are_not_held_back() {
    let login = handle().await;
    let app = app!(&login);
    let bearer = bearer(&token(&login, "ww1").await);
    let headers = [("authorization", &*bearer), ("accept-encoding", "gzip")];
    let long = app
        .call(request("GET", "/in/long", &headers).to_request())
        .await
        .unwrap();
    assert_eq!(long.headers().get("content-encoding").unwrap(), "gzip");
    assert_eq!(long.headers().get("cache-control").unwrap(), "private");
    assert_eq!(
        call!(&app, request("GET", "/auth/me", &headers)).status,
        200
    );

    let events = app
        .call(request("GET", "/in/events", &headers).to_request())
        .await
        .unwrap();
    let mut body = Box::pin(events.into_body());
    assert_eq!(body.size(), BodySize::Stream);
    assert_eq!(
        text(body.as_mut()).await.as_deref(),
        Some("data: hello\n\n")
    );
    let logout = request("POST", "/auth/logout", &[("authorization", &bearer)]);
    assert_eq!(call!(&app, logout).status, 204);
    assert_eq!(
        text(body.as_mut()).await.as_deref(),
        Some("data: ended\n\n")
    );
    assert_eq!(text(body.as_mut()).await, None);
}

async fn text<B: MessageBody>(mut body: std::pin::Pin<&mut B>) -> Option<String> {
    let chunk = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await?;
    let Ok(chunk) = chunk else {
        panic!("the body ended early")
    };
    Some(String::from_utf8(chunk.to_vec()).unwrap())
}

struct Log;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target().starts_with("actix_web::middleware::logger") {
            LINES.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[actix_web::test]
async fn log_has_paths_and_neither_queries_nor_credentials() {
    log::set_logger(&Log).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let login = handle().await;
    let app = app!(&login);
    let token = token(&login, "ww1").await;
    let cookie = format!("wecom_login={token}");
    let requests: [Asked<'_>; 4] = [
        (
            "GET",
            "/in/private?code=hush",
            &[("authorization", &bearer(&token))],
        ),
        (
            "GET",
            "/auth/callback?code=hush&state=hush",
            &[("cookie", &cookie)],
        ),
        (
            "POST",
            "/auth/notify?msg_signature=hush&timestamp=1&nonce=1",
            &[],
        ),
        (
            "POST",
            "/auth/logout",
            &[("cookie", &cookie), ("origin", ORIGIN)],
        ),
    ];
    for (method, path, headers) in requests {
        drop(call!(&app, request(method, path, headers)));
    }
    let log = LINES.lock().unwrap().join("\n");
    for line in [
        r#""GET /in/private HTTP/1.1" 200"#,
        r#""GET /auth/callback HTTP/1.1""#,
        r#""POST /auth/notify HTTP/1.1""#,
    ] {
        assert!(log.contains(line), "{log}");
    }
    for secret in ["hush", &token] {
        assert!(!log.contains(secret), "{log}");
    }
}
