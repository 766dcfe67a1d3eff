//! A test of an actix app.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use wecom_login_actix::{AuthMiddleware, User};
use wecom_login_test::{CORP, TestLogin};

async fn hello(user: User) -> String {
    format!("{} of {}", user.third_user_id(), user.corp_id())
}

#[actix_web::test]
async fn bearer_and_cookie_log_in() {
    let test = TestLogin::start().await;
    let session = test.log_in("zhangwei").await;
    let guard = AuthMiddleware::required(test.handle());
    let app =
        init_service(App::new().service(web::resource("/hello").wrap(guard).get(hello))).await;
    let bearer = session.bearer();
    for header in [
        ("authorization", bearer.as_str()),
        ("cookie", session.cookie()),
    ] {
        let request = TestRequest::get().uri("/hello").insert_header(header);
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(read_body(response).await, format!("zhangwei of {CORP}"));
    }
    let request = TestRequest::get().uri("/hello").to_request();
    let response = call_service(&app, request).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
