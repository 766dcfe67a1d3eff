//! From actix's types, which are of `http` 0.2, to core's and back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ResponseHead as ActixResponseHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL, VARY,
};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use wecom_login::WecomLogin;
use wecom_login::web::{ResponseBody, ResponseHead};

use crate::payload::{PayloadBody, http_version};

/// Answers one request; `path` is its path below the mount. `None`: it is none of ours.
pub(crate) async fn respond(
    login: &WecomLogin,
    request: &HttpRequest,
    payload: Payload,
    path: &str,
) -> Option<HttpResponse> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let request = to_core(request, payload, path)?;
    login.respond(request, peer).await.map(to_actix)
}

pub(crate) fn to_actix(response: http::Response<ResponseBody>) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let status =
        StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let head_length = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let body = match head_length {
        Some(length) => BoxBody::new(HeadBody(length)),
        None => BoxBody::new(body.into_bytes()),
    };
    let mut actix = HttpResponse::with_body(status, body);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            actix.headers_mut().append(name, value);
        }
    }
    actix
}

/// The status and headers of a response, as core changes them.
pub(crate) struct ActixHead<'a>(pub(crate) &'a mut ActixResponseHead);

impl ResponseHead for ActixHead<'_> {
    fn set_status(&mut self, status: u16) {
        self.0.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }

    fn remove(&mut self, name: &'static str) {
        drop(self.0.headers_mut().remove(name));
    }

    fn append(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().append(header_name(name), value);
        }
    }

    fn append_static(&mut self, name: &'static str, value: &'static str) {
        let value = HeaderValue::from_static(value);
        self.0.headers_mut().append(header_name(name), value);
    }

    fn value(&self, name: &'static str) -> Option<&[u8]> {
        self.0
            .headers()
            .get(header_name(name))
            .map(HeaderValue::as_bytes)
    }

    fn contains(&self, name: &'static str, value: &str) -> bool {
        self.0
            .headers()
            .get_all(header_name(name))
            .any(|there| *there == value)
    }
}

/// The names that every guarded answer is asked for are constants: a name that is not known is parsed.
fn header_name(name: &'static str) -> HeaderName {
    match name {
        "cache-control" => CACHE_CONTROL,
        "sec-websocket-protocol" => SEC_WEBSOCKET_PROTOCOL,
        "vary" => VARY,
        name => HeaderName::from_static(name),
    }
}

fn to_core(
    request: &HttpRequest,
    payload: Payload,
    path: &str,
) -> Option<http::Request<PayloadBody>> {
    let uri = match request.query_string() {
        "" => http::uri::PathAndQuery::try_from(path),
        query => http::uri::PathAndQuery::try_from(format!("{path}?{query}")),
    };
    let mut core = http::Request::new(PayloadBody::new(payload.into_inner()));
    *core.version_mut() = http_version(request.version());
    *core.uri_mut() = http::Uri::from(uri.ok()?);
    *core.method_mut() = http::Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    *core.headers_mut() = core_headers(request);
    Some(core)
}

pub(crate) fn core_headers(request: &HttpRequest) -> http::HeaderMap {
    let mut headers = http::HeaderMap::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    headers
}

/// The body of an answer to HEAD: actix takes its length from the body, and sends nothing of it.
struct HeadBody(u64);

impl MessageBody for HeadBody {
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
