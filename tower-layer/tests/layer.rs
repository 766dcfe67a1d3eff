//! The layer before routes of a host app.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use in_memory::{call, collect, into_http, request};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _};
use wecom_login::{CorpId, CurrentUser, WecomLogin};
use wecom_login_adapter_tests::guard::{Guard, GuardedApp, nobody};
use wecom_login_adapter_tests::handle::{MEMBER, bearer, handle, log_out, token};
use wecom_login_adapter_tests::{TestRequest, TestResponse, guard_tests};
use wecom_login_tower::{AuthLayer, Rejection, User};

struct AxumApp;

guard_tests!(AxumApp, tokio::test);

impl GuardedApp for AxumApp {
    const GUARD: &'static str = "AuthLayer";

    async fn call(login: &WecomLogin, guard: Option<Guard>, request: TestRequest) -> TestResponse {
        let app = app(|router| match &guard {
            Some(guard) if guard.teapot => {
                router.route_layer(layer(login, guard).on_rejection(teapot))
            }
            Some(guard) => router.route_layer(layer(login, guard)),
            None => router,
        });
        call(&app, into_http(&request)).await
    }
}

fn layer(login: &WecomLogin, guard: &Guard) -> AuthLayer {
    let mut layer = if guard.optional {
        AuthLayer::optional(login)
    } else {
        AuthLayer::required(login)
    };
    for corp in &guard.corps {
        layer = layer.require_corp(CorpId::new(*corp).unwrap());
    }
    if let Some(instance) = guard.instance {
        layer = layer.require_instance(instance);
    }
    if guard.nobody {
        layer = layer.require(nobody);
    }
    if guard.redirect {
        layer = layer.redirect_to_login();
    }
    layer
}

fn teapot(rejection: &Rejection) -> Response<Body> {
    Response::builder()
        .status(418)
        .body(rejection.kind().code().into())
        .unwrap()
}

fn app(guarded: impl Fn(Router) -> Router) -> Router {
    let flat = Router::new()
        .route("/private", get(private).post(private))
        .route("/who", get(who));
    let inner = guarded(Router::new().route("/c", get(private)));
    guarded(flat).nest("/a", Router::new().nest("/b", inner))
}

async fn who(user: Option<User>) -> String {
    user.map_or_else(
        || "nobody".to_owned(),
        |user| user.third_user_id().to_string(),
    )
}

async fn private(User(user): User) -> String {
    user.third_user_id().to_string()
}

#[tokio::test]
async fn unknown_path_stays_404_behind_route_layer() {
    let login = handle().await;
    let app = app(|router| router.route_layer(AuthLayer::required(&login)));
    assert_eq!(
        call(&app, request("GET", "/nowhere", &[])).await.status,
        404
    );
}

/// A service that panics if it is called before it is ready, as tower's contract allows.
#[derive(Debug)]
struct Strict {
    ready: bool,
    clones: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::SeqCst);
        Self {
            ready: false,
            clones: Arc::clone(&self.clones),
        }
    }
}

impl Service<Request<Empty<Bytes>>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        let user = request
            .extensions()
            .get::<CurrentUser>()
            .map(|user| user.third_user_id().to_string());
        std::future::ready(Ok(Response::new(Full::from(user.unwrap_or_default()))))
    }
}

#[tokio::test]
async fn cached_session_clones_no_service_and_lookup_calls_the_ready_one() {
    let login = handle().await;
    let (live, ended) = (token(&login, "ww1").await, token(&login, "ww1").await);
    log_out(&login, &ended).await;
    let clones = Arc::new(AtomicUsize::new(0));
    let strict = Strict {
        ready: false,
        clones: Arc::clone(&clones),
    };
    let mut service = AuthLayer::optional(&login).layer(strict);
    let mut call = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = service
            .ready()
            .await
            .unwrap()
            .call(request.body(Empty::new()).unwrap())
            .await
            .unwrap();
        collect(response).await
    };

    assert_eq!(
        call(&[("authorization", &bearer(&live))]).await.text(),
        MEMBER
    );
    assert_eq!(call(&[]).await.text(), "");
    assert_eq!(clones.load(Ordering::SeqCst), 0);
    assert_eq!(
        call(&[("authorization", &bearer(&ended))])
            .await
            .problem()
            .0,
        401
    );
    assert_eq!(clones.load(Ordering::SeqCst), 1, "a lookup in the database");
    let cookie = format!("wecom_login={ended}");
    let response = call(&[
        ("authorization", &bearer(&live)),
        ("cookie", &cookie),
        ("sec-fetch-mode", "navigate"),
    ])
    .await;
    assert_eq!(response.text(), MEMBER);
    assert!(response.header("set-cookie").is_some());
}

#[tokio::test]
async fn layer_guards_method_router_routes_router_and_builder() {
    let login = handle().await;
    let layer = AuthLayer::required(&login);
    let who =
        |Extension(user): Extension<CurrentUser>| async move { user.third_user_id().to_string() };
    let app: Router = Router::new()
        .route("/method", get(who).layer(layer.clone()))
        .merge(
            Router::new()
                .route("/routes", get(who))
                .route_layer(layer.clone()),
        )
        .merge(Router::new().route("/all", get(who)).layer(layer.clone()))
        .route(
            "/builder",
            get(who).layer(ServiceBuilder::new().layer(layer.clone()).into_inner()),
        );
    let token = bearer(&token(&login, "ww1").await);
    for path in ["/method", "/routes", "/all", "/builder"] {
        assert_eq!(
            call(&app, request("GET", path, &[])).await.problem().0,
            401,
            "{path}"
        );
        let response = call(&app, request("GET", path, &[("authorization", &token)])).await;
        assert_eq!(response.text(), MEMBER, "{path}");
    }
}
