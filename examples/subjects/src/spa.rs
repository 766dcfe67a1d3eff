//! A single-page app on another origin than its API. It logs people in by JSON, keeps the token in memory, and sends it as a
//! bearer: no cookie, so no request of another site can use it.
//!
//! The handle is built with `.allowed_origins([FRONT_END])`: the routes for anyone refuse pages of other sites.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;
use wecom_login::WecomLogin;
use wecom_login_tower::{AuthLayer, User, login_routes};

/// Where the pages come from.
pub const FRONT_END: &str = "https://app.example.com";

/// The API.
pub fn app(login: &WecomLogin) -> Router {
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static(FRONT_END)])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE]);
    Router::new()
        .route("/api/tasks", get(tasks))
        .route_layer(AuthLayer::required(login))
        .nest("/auth", login_routes(login))
        // Around the guard: a preflight has no bearer, and the front end has to be able to read a 401.
        .layer(cors)
}

async fn tasks(user: User) -> Json<Value> {
    Json(json!({ "of": user, "tasks": [] }))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, Response, StatusCode};
    use tower::ServiceExt as _;
    use wecom_login::LoginResult;
    use wecom_login_test::{CORP, TestLogin};

    use super::*;

    async fn send(login: &WecomLogin, origin: &str, request: Request<Body>) -> Response<Body> {
        let mut request = request;
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().unwrap());
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        app(login).oneshot(request).await.unwrap()
    }

    async fn log_in(test: &TestLogin, origin: &str) -> Response<Body> {
        let code = test.sandbox().code(CORP, "zhangwei").unwrap();
        let body = json!({ "corpId": CORP, "code": code, "platform": "web" });
        let request = Request::post("/auth/loginByWorkbench")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        send(test.handle(), origin, request.unwrap()).await
    }

    #[tokio::test]
    async fn front_end_logs_in_and_sends_the_bearer() {
        let test = TestLogin::builder()
            .configure(|builder| builder.allowed_origins([FRONT_END]))
            .sandbox()
            .start()
            .await;
        let login = test.handle();
        let response = log_in(&test, FRONT_END).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["access-control-allow-origin"], FRONT_END);
        assert!(!response.headers().contains_key("set-cookie"));
        let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
        let result: LoginResult = serde_json::from_slice(&body).unwrap();

        let preflight = Request::builder()
            .method(Method::OPTIONS)
            .uri("/api/tasks")
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let preflight = preflight.body(Body::empty()).unwrap();
        assert!(
            send(login, FRONT_END, preflight)
                .await
                .status()
                .is_success()
        );

        let request = Request::get("/api/tasks")
            .header("authorization", format!("Bearer {}", result.token.expose()));
        let request = request.body(Body::empty()).unwrap();
        let response = send(login, FRONT_END, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["of"]["thirdUserId"], "zhangwei");
    }

    #[tokio::test]
    async fn rejection_can_be_read_and_other_sites_cannot_log_in() {
        let test = TestLogin::builder()
            .configure(|builder| builder.allowed_origins([FRONT_END]))
            .sandbox()
            .start()
            .await;
        let request = Request::get("/api/tasks").body(Body::empty()).unwrap();
        let response = send(test.handle(), FRONT_END, request).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["access-control-allow-origin"], FRONT_END);
        let response = log_in(&test, "https://other.example").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
}
