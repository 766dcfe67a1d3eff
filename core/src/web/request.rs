//! The headers of a request, of whatever framework, and a request that found its route.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::web::body::Body;
use crate::web::route::Endpoint;

/// The headers of a request, of whatever framework: what the verification of a request looks at.
pub trait Headers {
    /// All values of a header, in their order. `name` is in lower case.
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]>;
}

impl Headers for HeaderMap {
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        // The constants save the parsing of the name on the hot path.
        let values = match name {
            "authorization" => self.get_all(http::header::AUTHORIZATION),
            "cookie" => self.get_all(http::header::COOKIE),
            "upgrade" => self.get_all(http::header::UPGRADE),
            "sec-websocket-protocol" => self.get_all(http::header::SEC_WEBSOCKET_PROTOCOL),
            name => self.get_all(name),
        };
        values.iter().map(HeaderValue::as_bytes)
    }
}

impl Headers for [(String, Vec<u8>)] {
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(header, _)| header == name)
            .map(|(_, value)| value.as_slice())
    }
}

/// A request that found its route.
pub(super) struct RoutedRequest {
    pub(super) endpoint: Endpoint,
    /// The path of its route, with the name of the variable.
    pub(super) path: &'static str,
    /// The `{Instance}`, `{id}` or `{corpId}` of the path.
    pub(super) variable: Option<String>,
    pub(super) method: http::Method,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// The key of the client's rate limits. A client without an address has one too.
    pub(super) client: IpAddr,
    /// Whether a trusted proxy sent it.
    pub(super) is_proxied: bool,
}

impl RoutedRequest {
    /// The whole body.
    ///
    /// # Errors
    /// `BODY_TOO_LARGE`; `BODY_TIMEOUT`; `API_PARAMS_ERROR` if the body broke off.
    pub(super) fn body(&self) -> Result<&Bytes> {
        match &self.body {
            Body::Complete(body) => Ok(body),
            Body::TooLarge => Err(Error::new(ErrorKind::BodyTooLarge, "the body is too large")),
            Body::TimedOut => Err(Error::new(
                ErrorKind::BodyTimeout,
                "the body did not arrive in time",
            )),
            Body::Incomplete => Err(Error::new(ErrorKind::ApiParams, "the body broke off")),
        }
    }

    /// The variable of a path that has one.
    pub(super) fn variable(&self) -> &str {
        self.variable.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for RoutedRequest {
    /// Without query, headers and body, which hold codes and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedRequest")
            .field("endpoint", &self.endpoint)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The only value of a header; `None` if there is none or more than one.
pub(super) fn only<'a>(
    headers: &'a (impl Headers + ?Sized),
    name: &'static str,
) -> Option<&'a [u8]> {
    let mut values = headers.values(name);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
