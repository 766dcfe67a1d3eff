//! Why somebody is not let into a protected route, and what they are told.

use super::credential::{Bearer, bearer};
use super::problem::{insufficient_scope, problem};
use super::request::Headers;
use super::response::Response;
use super::settings::Web;
use crate::error::{Error, ErrorKind};

/// Why a request does not get past the guard of a route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection {
    error: Error,
    by_predicate: bool,
    clear_cookie: Option<String>,
}

impl Rejection {
    /// Nothing was sent: `UNAUTHENTICATED`.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Error::new(ErrorKind::Unauthenticated, "no credential was sent"))
    }

    /// The session is good, but the predicate says no: `FORBIDDEN`.
    #[must_use]
    pub fn forbidden() -> Self {
        let error = Error::new(ErrorKind::Forbidden, "the predicate does not let this person in");
        Self { by_predicate: true, ..Self::new(error) }
    }

    const fn new(error: Error) -> Self {
        Self { error, by_predicate: false, clear_cookie: None }
    }

    /// What went wrong.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// The kind of what went wrong, with its code and status.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The value of the `Set-Cookie` that goes with it, where the browser holds a cookie of no session.
    #[must_use]
    pub fn set_cookie(&self) -> Option<&str> {
        self.clear_cookie.as_deref()
    }

    /// The response that says so, as a problem of RFC 9457 with the challenge of RFC 6750.
    #[must_use]
    pub fn response(&self) -> Response {
        let response = if self.by_predicate { insufficient_scope(&self.error) } else { problem(&self.error) };
        match &self.clear_cookie {
            Some(cookie) => response.with_header("set-cookie", cookie),
            None => response,
        }
    }
}

impl Web {
    /// The rejection of a credential. A cookie that alone was sent and is of no session is cleared: a browser would
    /// go on sending it, and routes for anyone would refuse it for ever.
    pub(crate) fn rejection(&self, error: Error, headers: &(impl Headers + ?Sized)) -> Rejection {
        let stale = error.kind() == ErrorKind::TokenInvalid
            && matches!(bearer(headers), Bearer::Absent)
            && self.cookie.read(headers).is_some();
        Rejection { clear_cookie: stale.then(|| self.cookie.clear()), ..Rejection::new(error) }
    }
}
