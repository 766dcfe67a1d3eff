//! A request, as an adapter hands it over.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use crate::web::body::Body;

/// A request to one of our [`routes`](crate::web::routes()).
#[non_exhaustive]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path below the mount as it was sent, not decoded; it begins with `/`.
    pub path: String,
    /// What follows the `?`, or nothing.
    pub query: String,
    /// The headers, their names in lower case; a name may come several times.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, read up to [`Route::body_limit_of`](crate::web::Route::body_limit_of).
    pub body: Body,
    /// The address the connection comes from. Without it the client counts as one with all others that have none.
    pub client: Option<IpAddr>,
}

impl Request {
    /// A request without headers, body and client.
    #[must_use]
    pub fn new(
        method: impl Into<String>,
        path: impl Into<String>,
        query: impl Into<String>,
    ) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: Vec::new(),
            body: Body::Complete(Bytes::new()),
            client: None,
        }
    }

    /// Adds the headers, their names in lower case.
    #[must_use]
    pub fn with_headers<N: Into<String>, V: Into<Vec<u8>>>(
        mut self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.headers.extend(
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        self
    }

    /// Adds the body.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Adds the address the connection comes from.
    #[must_use]
    pub const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }
}

impl fmt::Debug for Request {
    /// Query, headers and body hold codes and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The headers of a request, of whatever framework.
pub trait Headers {
    /// All values of a header, in their order. `name` is in lower case.
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]>;
}

impl Headers for http::HeaderMap {
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        // What every request is asked for is found by number; other names are read first.
        let values = match name {
            "authorization" => self.get_all(http::header::AUTHORIZATION),
            "cookie" => self.get_all(http::header::COOKIE),
            name => self.get_all(name),
        };
        values.iter().map(http::HeaderValue::as_bytes)
    }
}

impl Headers for [(String, Vec<u8>)] {
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(header, _)| header == name)
            .map(|(_, value)| value.as_slice())
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
