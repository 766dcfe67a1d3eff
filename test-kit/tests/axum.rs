//! A test of an axum app.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::{Router, routing::get};
use tower::ServiceExt as _;
use wecom_login::WecomLogin;
use wecom_login_test::{CORP, TestLogin};
use wecom_login_tower::{AuthLayer, User, login_routes};

fn app(login: &WecomLogin) -> Router {
    let hello = async |user: User| format!("{} of {}", user.third_user_id(), user.corp_id());
    Router::new()
        .route("/hello", get(hello))
        .route_layer(AuthLayer::required(login))
        .nest("/auth", login_routes(login))
}

async fn send(login: &WecomLogin, header: (&str, &str), path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header.0, header.1);
    let request = request.body(Body::empty()).unwrap();
    let response = app(login).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn bearer_and_cookie_log_in_and_the_clock_ends_the_session() {
    let test = TestLogin::start().await;
    let session = test.log_in("zhangwei").await;
    let bearer = session.bearer();
    for header in [
        ("authorization", bearer.as_str()),
        ("cookie", session.cookie()),
    ] {
        let (status, body) = send(test.handle(), header, "/hello").await;
        assert_eq!(
            (status, body),
            (StatusCode::OK, format!("zhangwei of {CORP}"))
        );
    }
    let nobody = send(test.handle(), ("accept", "*/*"), "/hello").await;
    assert_eq!(nobody.0, StatusCode::UNAUTHORIZED);
    test.advance(Duration::from_hours(25));
    let late = send(test.handle(), ("authorization", &bearer), "/hello").await;
    assert_eq!(late.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn members_of_two_corps_are_two_users() {
    let test = TestLogin::start().await;
    let here = test.log_in("zhangwei").await;
    let there = test.log_in_to("wwanother000000001", "zhangwei").await;
    let mut users = Vec::new();
    for session in [here, there] {
        let header = session.bearer();
        let (status, body) = send(test.handle(), ("authorization", &header), "/auth/me").await;
        assert_eq!(status, StatusCode::OK);
        let me: serde_json::Value = serde_json::from_str(&body).unwrap();
        users.push(me["user"]["userId"].as_str().unwrap().to_owned());
    }
    assert_ne!(users[0], users[1]);
}
