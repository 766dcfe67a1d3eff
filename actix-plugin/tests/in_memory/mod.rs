//! Requests to an actix-web app, without a socket.
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "each test binary uses a part"
)]

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::test::TestRequest;
use wecom_login_actix::Rejection;
use wecom_login_adapter_tests::TestResponse;

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::with_uri(path).method(method.parse().unwrap());
    headers
        .iter()
        .fold(request, |request, header| request.append_header(*header))
}

/// Sends a request to an app; an error in place of a response fails the test.
macro_rules! call {
    ($app:expr, $request:expr) => {{
        let response = actix_web::dev::Service::call($app, $request.to_request()).await;
        $crate::in_memory::collect(response.expect("a response and no error")).await
    }};
}
pub(crate) use call;

pub(crate) async fn collect<B: MessageBody>(response: ServiceResponse<B>) -> TestResponse {
    let (_, response) = response.into_parts();
    let rejection = response
        .extensions()
        .get::<Rejection>()
        .map(Rejection::kind);
    let (head, body) = response.into_parts();
    let headers = head.headers().iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let Ok(body) = to_bytes(body).await else {
        panic!("the body ended early")
    };
    TestResponse::new(head.status().as_u16(), headers, body, rejection)
}
