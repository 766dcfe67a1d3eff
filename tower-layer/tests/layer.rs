//! The layer in front of routes of a host app.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod stack;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use stack::{ask, bearer, collect, handle, request, token};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _};
use wecom_login::{CorpId, CurrentUser, ErrorKind, WecomLogin};
use wecom_login_tower::{Rejection, RequireLogin, User};

async fn whoami(user: Option<User>) -> String {
    user.map_or_else(
        || "nobody".to_owned(),
        |user| user.third_user_id().to_string(),
    )
}

async fn private(User(user): User) -> String {
    user.third_user_id().to_string()
}

fn app(layer: RequireLogin) -> Router {
    Router::new()
        .route("/private", get(private))
        .route("/who", get(whoami))
        .route_layer(layer)
}

async fn asked(app: &Router, headers: &[(&str, &str)]) -> stack::Answer {
    ask(app, request("GET", "/private", headers)).await
}

#[tokio::test]
async fn a_session_opens_and_nothing_else_does() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let app = app(RequireLogin::new(&login));

    let answer = asked(&app, &[("authorization", &bearer(&token))]).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (200, &b"zhangsan"[..])
    );
    let answer = asked(&app, &[("cookie", &format!("wecom_login={token}"))]).await;
    assert_eq!(&*answer.body, b"zhangsan");

    let absent = asked(&app, &[]).await;
    assert_eq!(absent.problem(), (401, "UNAUTHENTICATED".into()));
    assert_eq!(
        absent.header("www-authenticate"),
        Some(r#"Bearer realm="wecom-login""#)
    );
    assert_eq!(
        absent.extensions.get::<Rejection>().unwrap().kind(),
        ErrorKind::Unauthenticated
    );
    let bad = asked(&app, &[("authorization", "Bearer wl_bad")]).await;
    assert_eq!(bad.problem(), (401, "TOKEN_INVALID".into()));
    let challenge = r#"Bearer realm="wecom-login", error="invalid_token""#;
    assert_eq!(bad.header("www-authenticate"), Some(challenge));
    assert_eq!(
        ask(&app, request("GET", "/nowhere", &[])).await.status,
        404,
        "an unknown path stays unknown"
    );
}

#[tokio::test]
async fn an_optional_user_is_absent_only_when_nothing_was_sent() {
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let app = app(RequireLogin::optional(&login));
    let who = async |headers: &[(&str, &str)]| ask(&app, request("GET", "/who", headers)).await;
    assert_eq!(&*who(&[]).await.body, b"nobody");
    assert_eq!(
        &*who(&[("authorization", "Basic dXNlcjpwYXNz")]).await.body,
        b"nobody"
    );
    assert_eq!(
        &*who(&[("authorization", &bearer(&token))]).await.body,
        b"zhangsan"
    );
    assert_eq!(
        who(&[("authorization", "Bearer wl_bad")]).await.problem().0,
        401
    );
    let stale = who(&[("cookie", "wecom_login=wl_bad")]).await;
    assert_eq!(stale.problem(), (401, "TOKEN_INVALID".into()));
    assert!(
        stale
            .header("set-cookie")
            .unwrap()
            .starts_with("wecom_login=; Max-Age=0;")
    );
    assert_eq!(
        ask(&app, request("GET", "/private", &[])).await.problem(),
        (401, "UNAUTHENTICATED".into())
    );
}

#[tokio::test]
async fn a_missing_layer_is_told_to_the_developer() {
    let app: Router = Router::new()
        .route("/private", get(private))
        .route("/who", get(whoami));
    for path in ["/private", "/who"] {
        let answer = ask(&app, request("GET", path, &[])).await;
        assert_eq!(answer.problem(), (500, "CONFIG_ERROR".into()));
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("RequireLogin")
        );
    }
}

#[tokio::test]
async fn all_predicates_must_say_yes() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let open = async |layer: RequireLogin| asked(&app(layer), &[("authorization", &token)]).await;
    let corp = |id: &str| CorpId::new(id).unwrap();

    assert_eq!(
        open(RequireLogin::new(&login).corp(corp("ww1")))
            .await
            .status,
        200
    );
    assert_eq!(
        open(RequireLogin::new(&login).instance("QywxProxyDefault"))
            .await
            .status,
        200
    );
    assert_eq!(
        open(RequireLogin::new(&login).instance("auths.QywxProxyDefault"))
            .await
            .status,
        200
    );
    for layer in [
        RequireLogin::new(&login).corp(corp("ww2")),
        RequireLogin::new(&login).instance("QywxProxyTemp"),
        RequireLogin::new(&login).require(|user| user.user_id().is_empty()),
        RequireLogin::new(&login)
            .corp(corp("ww1"))
            .corp(corp("ww2")),
        RequireLogin::optional(&login).corp(corp("ww2")),
    ] {
        let refused = open(layer).await;
        assert_eq!(refused.problem(), (403, "FORBIDDEN".into()));
        let challenge = r#"Bearer realm="wecom-login", error="insufficient_scope""#;
        assert_eq!(refused.header("www-authenticate"), Some(challenge));
    }
}

#[tokio::test]
async fn two_sessions_conflict_and_a_stale_cookie_is_cleared() {
    let login = handle().await;
    let (one, other) = (token(&login, "ww1").await, token(&login, "ww1").await);
    let app = app(RequireLogin::new(&login));
    let both = async |cookie: &str| {
        let cookie = format!("wecom_login={cookie}");
        asked(
            &app,
            &[("authorization", &bearer(&one)), ("cookie", &cookie)],
        )
        .await
    };
    assert_eq!(
        both(&other).await.problem(),
        (400, "CREDENTIALS_CONFLICT".into())
    );
    assert_eq!(both(&one).await.header("set-cookie"), None);
    let stale = both("wl_stale").await;
    assert_eq!(stale.status, 200);
    assert!(
        stale
            .header("set-cookie")
            .unwrap()
            .starts_with("wecom_login=; Max-Age=0;")
    );
}

#[tokio::test]
async fn unsafe_methods_with_a_cookie_need_our_own_page() {
    let login = handle().await;
    let cookie = format!("wecom_login={}", token(&login, "ww1").await);
    let app = Router::new()
        .route("/private", axum::routing::post(private))
        .route_layer(RequireLogin::new(&login));
    let post = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[("cookie", &*cookie)]].concat();
        ask(&app, request("POST", "/private", &headers)).await
    };
    assert_eq!(post(&[]).await.problem(), (403, "CROSS_SITE".into()));
    assert_eq!(
        post(&[("origin", "http://127.0.0.1:3001")])
            .await
            .problem()
            .0,
        403
    );
    assert_eq!(
        post(&[("origin", "http://127.0.0.1:3000")]).await.status,
        200
    );
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]).await.status, 200);
}

#[tokio::test]
async fn browsers_are_sent_to_the_login_and_back_through_nests() {
    let login = handle().await;
    let layer = RequireLogin::new(&login).redirect_to_login();
    let inner = Router::new().route("/c", get(private)).route_layer(layer);
    let app = Router::new().nest("/a", Router::new().nest("/b", inner));
    let html = ("accept", "text/html,*/*;q=0.8");
    let answer = ask(&app, request("GET", "/a/b/c?x=1&y=2", &[html])).await;
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some("/auth/login?returnTo=/a/b/c%3Fx%3D1%26y%3D2")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(
        ask(&app, request("GET", "/a/b/c", &[("accept", "*/*")]))
            .await
            .problem()
            .0,
        401
    );
    let plain = Router::new()
        .route("/c", get(private))
        .route_layer(RequireLogin::new(&login));
    assert_eq!(
        ask(&plain, request("GET", "/c", &[html])).await.problem().0,
        401,
        "only when asked for"
    );
}

#[tokio::test]
async fn a_rejection_can_be_replaced() {
    let login = handle().await;
    let layer = RequireLogin::new(&login).with_rejection(|rejection: &Rejection| {
        Response::builder()
            .status(418)
            .body(rejection.kind().code().into())
            .unwrap()
    });
    let app: Router = Router::new()
        .route("/private", get(private))
        .route_layer(layer);
    let answer = asked(&app, &[("cookie", "wecom_login=wl_stale")]).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (418, &b"TOKEN_INVALID"[..])
    );
    assert!(
        answer.header("set-cookie").is_some(),
        "what the browser holds is cleared all the same"
    );
    assert!(answer.extensions.get::<Rejection>().is_some());
}

/// A service that must be ready before it is called, as the contract of tower says.
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

impl Service<Request<()>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
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
async fn a_hit_clones_nothing_and_a_look_up_calls_the_service_that_was_ready() {
    let login = handle().await;
    let (live, ended) = (token(&login, "ww1").await, token(&login, "ww1").await);
    end(&login, &ended).await;
    let clones = Arc::new(AtomicUsize::new(0));
    let strict = Strict {
        ready: false,
        clones: Arc::clone(&clones),
    };
    let mut service = RequireLogin::optional(&login).layer(strict);
    let mut call = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = service
            .ready()
            .await
            .unwrap()
            .call(request.body(()).unwrap())
            .await
            .unwrap();
        collect(response).await
    };

    assert_eq!(
        call(&[("authorization", &bearer(&live))]).await.body,
        "zhangsan"
    );
    assert_eq!(call(&[]).await.body, "");
    assert_eq!(clones.load(Ordering::SeqCst), 0);
    assert_eq!(
        call(&[("authorization", &bearer(&ended))])
            .await
            .problem()
            .0,
        401
    );
    assert_eq!(clones.load(Ordering::SeqCst), 1, "the database was asked");
    let cookie = format!("wecom_login={ended}");
    let answer = call(&[("authorization", &bearer(&live)), ("cookie", &cookie)]).await;
    assert_eq!(answer.body, "zhangsan");
    assert!(answer.header("set-cookie").is_some());
}

async fn end(login: &WecomLogin, token: &str) {
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", bearer(token).parse().unwrap());
    let verified = login
        .verify("GET", &headers)
        .resolve()
        .await
        .unwrap()
        .unwrap();
    login.service().logout(&verified.user).await.unwrap();
}

#[tokio::test]
async fn the_layer_fits_wherever_layers_go() {
    let login = handle().await;
    let layer = RequireLogin::new(&login);
    let who =
        |Extension(user): Extension<CurrentUser>| async move { user.third_user_id().to_string() };
    let everywhere: Router = Router::new()
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
            ask(&everywhere, request("GET", path, &[]))
                .await
                .problem()
                .0,
            401,
            "{path}"
        );
        let answer = ask(
            &everywhere,
            request("GET", path, &[("authorization", &token)]),
        )
        .await;
        assert_eq!(&*answer.body, b"zhangsan", "{path}");
    }
}
