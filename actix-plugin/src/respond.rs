//! From actix's types to the core's and back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use wecom_login::WecomLogin;
use wecom_login::web::{self, Body};

/// Answers one request; `path` is its path below the mount. `None`: it is none of ours.
pub(crate) async fn respond(
    login: &WecomLogin,
    request: &HttpRequest,
    payload: actix_web::web::Payload,
    path: &str,
) -> Option<HttpResponse> {
    let limit = login.route(path)?.body_limit_of(request.method().as_str());
    let body = Body::read(payload, content_length(request), limit).await;
    login
        .respond(to_core(request, path, body))
        .await
        .map(to_actix)
}

pub(crate) fn to_actix(response: web::Response) -> HttpResponse {
    // A status or header that `http` does not take is no answer of ours.
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let unsent = response
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let body = match unsent {
        Some(length) => BoxBody::new(Unsent(length)),
        None => BoxBody::new(response.body),
    };
    let mut actix = HttpResponse::with_body(status, body);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            actix
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    actix
}

fn to_core(request: &HttpRequest, path: &str, body: Body) -> web::Request {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    web::Request::new(request.method().as_str(), path, request.query_string())
        .with_headers(headers)
        .with_body(body)
        .with_client(request.peer_addr().map(|peer| peer.ip()))
}

/// What a body of known length will be. actix has checked the header already.
fn content_length(request: &HttpRequest) -> u64 {
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    length
        .and_then(|length| length.parse().ok())
        .unwrap_or_default()
}

/// The body of an answer to HEAD: actix takes its length from the body, and sends nothing of it.
struct Unsent(u64);

impl MessageBody for Unsent {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}
