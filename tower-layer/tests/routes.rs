//! The login routes: mounted, nested, merged, and as a plain service.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::routing::post;
use in_memory::{call, collect, request};
use tower::ServiceExt as _;
use wecom_login::{NotifyRequest, WecomLogin};
use wecom_login_adapter_tests::handle::{MEMBER, bearer, handle, token};
use wecom_login_tower::{LoginService, login_routes};

fn app(login: &WecomLogin) -> Router {
    Router::new().nest("/auth", login_routes(login))
}

#[tokio::test]
async fn unknown_path_falls_through_to_host_fallback() {
    let login = handle().await;
    let app = app(&login).fallback(|| async { (http::StatusCode::NOT_FOUND, "the host's own") });
    for path in [
        "/auth",
        "/auth/",
        "/auth/nothing",
        "/auth/me//",
        "/auth/a/b/notify",
        "/me",
    ] {
        assert_eq!(
            call(&app, request("GET", path, &[])).await.text(),
            "the host's own",
            "{path}"
        );
    }
}

#[tokio::test]
async fn me_answers_nested_nested_twice_and_merged() {
    let login = handle().await;
    let token = bearer(&token(&login, "ww1").await);
    let nested = Router::new().nest("/a", Router::new().nest("/b", login_routes(&login)));
    let merged = Router::new().merge(login_routes(&login));
    for (app, path) in [
        (app(&login), "/auth/me"),
        (nested, "/a/b/me"),
        (merged, "/me"),
    ] {
        assert_eq!(
            call(&app, request("GET", path, &[])).await.problem(),
            (401, "UNAUTHENTICATED".into())
        );
        let me = call(&app, request("GET", path, &[("authorization", &token)])).await;
        assert_eq!(me.header("content-type"), Some("application/json"));
        assert_eq!(me.header("cache-control"), Some("no-store"));
        let body = me.json();
        assert_eq!(body["user"]["thirdUserId"], MEMBER);
        assert_eq!(body["user"]["corpId"], "ww1");
        assert_eq!(body["session"]["instance"], "auths.QywxProxyDefault");
        assert_eq!(
            (&body["session"]["current"], &body["session"]["platform"]),
            (&true.into(), &"app".into())
        );
        assert!(body["session"]["expiresAt"].is_i64());

        let head = call(&app, request("HEAD", path, &[("authorization", &token)])).await;
        assert!(head.body.is_empty());
        assert_eq!(head.status, 200);
        assert_eq!(
            head.header("content-length"),
            Some(&*me.body.len().to_string())
        );
    }
}

#[tokio::test]
async fn plain_service_strips_its_mount() {
    let login = handle().await;
    let service = LoginService::new(&login);
    let token = bearer(&token(&login, "ww1").await);
    let ask = async |path: &str| {
        let request = request("GET", path, &[("authorization", &token)]);
        collect(service.clone().oneshot(request).await.unwrap()).await
    };
    assert_eq!(ask("/auth/me").await.json()["user"]["thirdUserId"], MEMBER);
    for path in ["/me", "/authme", "/auth", "/auth/nothing", "/other/auth/me"] {
        assert_eq!(ask(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn admin_key_limit_counts_by_connect_info_and_ipv6_64() {
    let login = handle().await;
    let app = app(&login);
    let guess = async |address: &str| {
        let mut request = request("GET", "/auth/corps", &[("authorization", "Bearer guess")]);
        let peer: std::net::SocketAddr = address.parse().unwrap();
        request
            .extensions_mut()
            .insert(axum::extract::ConnectInfo(peer));
        call(&app, request).await.problem().0
    };
    for port in 1..=10 {
        assert_eq!(guess(&format!("[2001:db8::{port}]:4711")).await, 403);
    }
    assert_eq!(
        guess("[2001:db8::ffff]:1").await,
        429,
        "one /64 is one client"
    );
    assert_eq!(guess("[2001:db8:0:1::1]:1").await, 403);
    assert_eq!(guess("192.0.2.1:1").await, 403);
}

#[tokio::test]
async fn callback_route_of_the_host_answers_as_ours_does() {
    let login = handle().await;
    let own = {
        let login = login.clone();
        async move |RawQuery(query): RawQuery, body: Bytes| {
            let event = NotifyRequest::post(&query.unwrap_or_default(), body);
            http::Response::from(login.service().notify(event).await)
        }
    };
    let app = app(&login).route("/wecom", post(own));
    for path in ["/auth/notify", "/wecom"] {
        let answer = call(&app, request("POST", path, &[])).await;
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{path}");
        let nosniff = answer.header("x-content-type-options");
        assert_eq!(nosniff, Some("nosniff"), "{path}");
    }
}
