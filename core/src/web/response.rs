//! Responses: `http`'s type with a body whose bytes are not printed.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE,
    VARY as VARY_NAME, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::web::problem::problem;

/// The policy of a redirect: it shows nothing and leads nowhere else.
pub(super) const REDIRECT_CSP: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The complete body of a response of ours.
#[derive(Clone, Default)]
pub struct ResponseBody {
    bytes: Bytes,
}

impl ResponseBody {
    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self { bytes }
    }
}

impl fmt::Debug for ResponseBody {
    /// The length: bodies hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// An empty response. Caches store nothing of ours, and browsers guess no content type.
pub(crate) fn empty(status: u16) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = status_code(status);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(crate) fn with_body(
    status: u16,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<ResponseBody> {
    let mut response = empty(status);
    *response.body_mut() = ResponseBody::from(body.into());
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

pub(crate) fn json(value: &impl Serialize) -> Response<ResponseBody> {
    match serde_json::to_vec(value) {
        Ok(body) => with_body(200, "application/json", body),
        Err(error) => problem(
            &Error::new(ErrorKind::Internal, "an answer could not be serialized")
                .with_source(error),
        ),
    }
}

/// What every answer of a guarded route depends on.
const VARY: &str = "Cookie, Authorization";

/// Keeps caches from giving one person's answer to another: `Vary` beside whatever is there, and `Cache-Control: private`
/// where nothing is.
pub(super) fn mark_private(response: &mut impl ResponseHead) {
    if !response.contains("vary", VARY) {
        response.append_static("vary", VARY);
    }
    if response.value("cache-control").is_none() {
        response.append_static("cache-control", "private");
    }
}

/// What this crate's own code does with a response.
pub(crate) trait ResponseExt: Sized {
    /// The same with one more header; a value that HTTP does not allow is left out.
    fn with_header(self, name: &'static str, value: impl AsRef<str>) -> Self;

    /// The same without the body, for HEAD (RFC 9110, 9.3.2).
    fn without_body(self) -> Self;
}

impl ResponseExt for Response<ResponseBody> {
    fn with_header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.append(name, value.as_ref());
        self
    }

    fn without_body(mut self) -> Self {
        let length = HeaderValue::from(self.body().bytes.len());
        self.headers_mut().insert(CONTENT_LENGTH, length);
        *self.body_mut() = ResponseBody::default();
        self
    }
}

/// The status and headers of a response of whatever framework, for
/// [`Authenticated::apply_to`](crate::web::Authenticated::apply_to) and
/// [`Rejection::apply_to`](crate::web::Rejection::apply_to). Names are in lower case.
pub trait ResponseHead {
    /// Sets the status.
    fn set_status(&mut self, status: u16);

    /// Removes every header of this name.
    fn remove(&mut self, name: &'static str);

    /// Adds a header; a value that HTTP does not allow is left out.
    fn append(&mut self, name: &'static str, value: &str);

    /// Adds a header whose value is static, which a framework may do without a copy.
    fn append_static(&mut self, name: &'static str, value: &'static str) {
        self.append(name, value);
    }

    /// The first value of a header.
    fn value(&self, name: &'static str) -> Option<&[u8]>;

    /// Whether there is a header of this name and value.
    fn contains(&self, name: &'static str, value: &str) -> bool;
}

impl<B> ResponseHead for Response<B> {
    fn set_status(&mut self, status: u16) {
        *self.status_mut() = status_code(status);
    }

    fn remove(&mut self, name: &'static str) {
        self.headers_mut().remove(name);
    }

    fn append(&mut self, name: &'static str, value: &str) {
        let name = HeaderName::from_static(name);
        if let Ok(mut value) = HeaderValue::from_str(value) {
            // So that it is not printed with the response.
            value.set_sensitive(name == SET_COOKIE);
            self.headers_mut().append(name, value);
        }
    }

    fn append_static(&mut self, name: &'static str, value: &'static str) {
        let (name, value) = (header_name(name), HeaderValue::from_static(value));
        self.headers_mut().append(name, value);
    }

    fn value(&self, name: &'static str) -> Option<&[u8]> {
        self.headers()
            .get(header_name(name))
            .map(HeaderValue::as_bytes)
    }

    fn contains(&self, name: &'static str, value: &str) -> bool {
        self.headers()
            .get_all(header_name(name))
            .iter()
            .any(|there| there == value)
    }
}

/// The names that every guarded answer is asked for are constants: a name that is not known is parsed.
fn header_name(name: &'static str) -> HeaderName {
    match name {
        "cache-control" => CACHE_CONTROL,
        "sec-websocket-protocol" => SEC_WEBSOCKET_PROTOCOL,
        "vary" => VARY_NAME,
        name => HeaderName::from_static(name),
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_private_adds_vary_and_a_missing_cache_control() {
        let values = |response: &Response<ResponseBody>, name: &str| -> Vec<String> {
            let values = response.headers().get_all(name).iter();
            values
                .map(|value| value.to_str().unwrap().to_owned())
                .collect()
        };
        let mut bare = Response::new(ResponseBody::default());
        for _ in 0..2 {
            mark_private(&mut bare);
            assert_eq!(values(&bare, "vary"), [VARY]);
            assert_eq!(values(&bare, "cache-control"), ["private"]);
        }
        let mut own = Response::new(ResponseBody::default())
            .with_header("vary", "Origin")
            .with_header("cache-control", "max-age=60");
        mark_private(&mut own);
        assert_eq!(values(&own, "vary"), ["Origin", VARY]);
        assert_eq!(values(&own, "cache-control"), ["max-age=60"]);
    }

    #[test]
    fn debug_hides_cookies_and_bodies() {
        let response =
            with_body(200, "text/plain", "hush").with_header("set-cookie", "wecom_login=hush");
        let printed = format!("{response:?}");
        assert!(
            printed.contains("set-cookie") && !printed.contains("hush"),
            "{printed}"
        );
    }
}
