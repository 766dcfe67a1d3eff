//! A response, as an adapter writes it.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::web::rejection::Change;

/// The policy of what shows nothing and leads nowhere else: a redirect.
pub(super) const REDIRECT_CSP: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A response of ours, complete.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, their names in lower case; a name may come several times.
    pub headers: Vec<(&'static str, String)>,
    /// The body. The answer to HEAD has none, but the `content-length` of the answer to GET.
    pub body: Bytes,
}

impl Response {
    /// An empty response. Nothing of ours is stored by caches nor guessed at by browsers.
    pub(crate) fn empty(status: u16) -> Self {
        let headers = vec![
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        Self {
            status,
            headers,
            body: Bytes::new(),
        }
    }

    pub(crate) fn with_body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut response = Self::empty(status).with_header("content-type", content_type);
        response.body = body.into();
        response
    }

    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::with_body(200, "application/json", body),
            Err(error) => {
                let error = Error::new(ErrorKind::Internal, "an answer could not be written")
                    .with_source(error);
                crate::web::problem::problem(&error)
            }
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a change.
    pub(super) fn changed(mut self, change: Change) -> Self {
        match change {
            Change::Status(status) => self.status = status,
            Change::Remove(name) => self.headers.retain(|(header, _)| *header != name),
            Change::Set(name, value) => {
                self.headers.retain(|(header, _)| *header != name);
                self.headers.push((name, value));
            }
            Change::Add(name, value) => {
                if !self
                    .headers
                    .iter()
                    .any(|(header, there)| *header == name && *there == value)
                {
                    self.headers.push((name, value));
                }
            }
        }
        self
    }

    /// The same without the body (RFC 9110, 9.3.2).
    pub(crate) fn without_body(self) -> Self {
        let length = self.body.len().to_string();
        let mut response = self.with_header("content-length", length);
        response.body = Bytes::new();
        response
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    /// The status and the names of the headers: cookies and bodies hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_cookies_nor_bodies_are_printed() {
        let response = Response::with_body(200, "text/plain", "hush")
            .with_header("set-cookie", "wecom_login=hush");
        let printed = format!("{response:?}");
        assert!(
            printed.contains("set-cookie") && !printed.contains("hush"),
            "{printed}"
        );
    }
}
