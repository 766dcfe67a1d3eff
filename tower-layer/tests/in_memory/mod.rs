//! Requests to a tower service, without a socket.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fmt::Debug;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use wecom_login_adapter_tests::{TestRequest, TestResponse};
use wecom_login_tower::Rejection;

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = TestRequest::new(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name, *value)
    });
    into_http(&request)
}

pub(crate) fn into_http(request: &TestRequest) -> Request<Body> {
    request
        .head()
        .body(Body::from(request.content().to_vec()))
        .unwrap()
}

pub(crate) async fn call(app: &Router, request: Request<Body>) -> TestResponse {
    collect(app.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn collect<B: http_body::Body<Error: Debug>>(
    response: Response<B>,
) -> TestResponse {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let rejection = parts.extensions.get::<Rejection>().map(Rejection::kind);
    TestResponse::new(parts.status.as_u16(), headers, body, rejection)
}
