//! Layers of tower-http around the guard and the login routes.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use in_memory::{call, request};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{MakeRequestId, RequestId};
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnRequest, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use wecom_login::WecomLogin;
use wecom_login_adapter_tests::TestResponse;
use wecom_login_adapter_tests::handle::{MEMBER, ORIGIN, bearer, handle, token};
use wecom_login_tower::{AuthLayer, User, login_routes, request_span, sensitive_headers};

/// Method, target and headers.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

const FRONT: &str = "https://front.example.com";

#[derive(Clone)]
struct OneId;

impl MakeRequestId for OneId {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        Some(RequestId::new(HeaderValue::from_static("one")))
    }
}

/// The layers as the docs lay them: all of them around all routes.
fn app(login: &WecomLogin) -> Router {
    let id = HeaderName::from_static("x-request-id");
    let cors = CorsLayer::new()
        .allow_origin([FRONT.parse().unwrap()])
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    let layers = ServiceBuilder::new()
        .layer(SetSensitiveHeadersLayer::new(sensitive_headers()))
        .layer(SetRequestIdLayer::new(id.clone(), OneId))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_request(DefaultOnRequest::new().level(Level::INFO))
                .on_response(
                    DefaultOnResponse::new()
                        .level(Level::INFO)
                        .include_headers(true),
                ),
        )
        .layer(PropagateRequestIdLayer::new(id))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(60),
        ))
        .layer(cors)
        .layer(CompressionLayer::new());
    Router::new()
        .route("/private", get(private).post(private))
        .route("/long", get(async |_: User| "long ".repeat(1000)))
        .route("/panic", post(panics))
        .route("/events", get(events))
        .route_layer(AuthLayer::required(login))
        .nest("/auth", login_routes(login))
        .layer(layers)
}

async fn private(User(user): User) -> String {
    user.third_user_id().to_string()
}

async fn panics(_: User) {
    panic!("on purpose")
}

async fn events(
    User(user): User,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>> {
    let ended = user.ended();
    Sse::new(futures_util::stream::unfold(
        (0, Some(ended)),
        async |(count, ended)| {
            if count > 0 {
                ended?.await;
                return Some((Ok(Event::default().data("ended")), (2, None)));
            }
            Some((Ok(Event::default().data("hello")), (1, ended)))
        },
    ))
}

#[tokio::test]
async fn preflight_is_answered_before_the_guard_and_rejections_can_be_read() {
    let login = handle().await;
    let app = app(&login);
    for path in ["/private", "/auth/me", "/auth/loginByCode", "/auth/logout"] {
        let preflight = [
            ("origin", FRONT),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let answer = call(&app, request("OPTIONS", path, &preflight)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
    }
    let rejected = call(&app, request("GET", "/private", &[("origin", FRONT)])).await;
    rejected.assert_problem(401, "UNAUTHENTICATED");
    assert_eq!(rejected.header("access-control-allow-origin"), Some(FRONT));
    assert_eq!(rejected.header("x-request-id"), Some("one"));
    let vary: Vec<_> = rejected.header_values("vary").collect();
    assert!(
        vary.contains(&"Cookie, Authorization") && vary.len() > 1,
        "{vary:?}"
    );
    let bearer = bearer(&token(&login, "ww1").await);
    let headers = [("origin", FRONT), ("authorization", &*bearer)];
    let answer = call(&app, request("POST", "/private", &headers)).await;
    assert_eq!(answer.text(), MEMBER);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT));
    assert_eq!(answer.header("cache-control"), Some("private"));
    let other = [
        ("origin", "https://evil.example"),
        ("authorization", &bearer),
    ];
    let answer = call(&app, request("POST", "/private", &other)).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn answers_are_compressed_and_streams_are_not_held_back() {
    let login = handle().await;
    let app = app(&login);
    let token = token(&login, "ww1").await;
    let bearer = bearer(&token);
    let headers = [("authorization", &*bearer), ("accept-encoding", "gzip")];
    let long = app
        .clone()
        .oneshot(request("GET", "/long", &headers))
        .await
        .unwrap();
    assert_eq!(long.headers()["content-encoding"], "gzip");
    assert_eq!(long.headers()["cache-control"], "private");
    assert!(long.into_body().collect().await.unwrap().to_bytes().len() < 1000);
    let me = call(&app, request("GET", "/auth/me", &headers)).await;
    assert_eq!(me.status, 200);

    let events = request("GET", "/events", &headers);
    let mut events = app.clone().oneshot(events).await.unwrap().into_body();
    assert_eq!(text(&mut events).await, "data: hello\n\n");
    let logout = request("POST", "/auth/logout", &[("authorization", &bearer)]);
    assert_eq!(call(&app, logout).await.status, 204);
    assert_eq!(text(&mut events).await, "data: ended\n\n");
    assert!(events.frame().await.is_none());
}

async fn text(body: &mut Body) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn panic_behind_the_guard_is_500() {
    let login = handle().await;
    let bearer = bearer(&token(&login, "ww1").await);
    let request = request("POST", "/panic", &[("authorization", &bearer)]);
    assert_eq!(call(&app(&login), request).await.status, 500);
}

#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn trace_has_paths_and_neither_queries_nor_credentials() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // Of the process: with a subscriber of one thread, what another one comes to first stays switched off.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let login = handle().await;
    let app = app(&login);
    let token = token(&login, "ww1").await;
    let cookie = format!("wecom_login={token}");
    let requests: [Asked<'_>; 4] = [
        (
            "GET",
            "/private?code=hush",
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
    let mut answers: Vec<TestResponse> = Vec::new();
    for (method, path, headers) in requests {
        answers.push(call(&app, request(method, path, headers)).await);
    }
    assert!(answers[3].header_values("set-cookie").count() > 0);
    let log = String::from_utf8(log.lines.lock().unwrap().clone()).unwrap();
    for path in ["/private", "/auth/callback", "/auth/notify"] {
        assert!(log.contains(&format!("url.path=\"{path}\"")), "{log}");
    }
    assert!(log.contains("Sensitive"), "{log}");
    for secret in ["hush", &token, "Max-Age"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn bare_service_works_with_layers_too() {
    let login = handle().await;
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
        .layer(AuthLayer::optional(&login))
        .service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let response = service.oneshot(request("GET", "/", &[])).await.unwrap();
    assert_eq!(response.headers()["vary"], "Cookie, Authorization");
}
