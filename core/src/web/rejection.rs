//! Why somebody is not let into a protected route, and what they are told.

use super::credential::{Bearer, bearer};
use super::html::accepts_html;
use super::problem::{explained, insufficient_scope, problem};
use super::request::Headers;
use super::response::Response;
use super::settings::Web;
use crate::error::{Error, ErrorKind};

const UNGUARDED: &str = "this route asks for a user, but it is not behind RequireLogin";

/// Why a request does not get past the guard of a route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection {
    error: Error,
    by_predicate: bool,
    unguarded: bool,
    clear_cookie: Option<String>,
    location: Option<String>,
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

    /// A handler asks for the user of a route that is not guarded: `CONFIG_ERROR`, with a sentence for the developer.
    #[must_use]
    pub fn unguarded() -> Self {
        // Also in the log: actix's `Option<User>` keeps it from everyone else.
        tracing::error!(target: "wecom_login", "{UNGUARDED}");
        Self { unguarded: true, ..Self::new(Error::new(ErrorKind::Config, UNGUARDED)) }
    }

    const fn new(error: Error) -> Self {
        Self { error, by_predicate: false, unguarded: false, clear_cookie: None, location: None }
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

    /// Where the browser is sent instead: the response is a 302, without a challenge.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub(super) fn with_location(self, location: Option<String>) -> Self {
        Self { location, ..self }
    }

    /// The response that says so: a problem of RFC 9457 with the challenge of RFC 6750, or the 302 with that problem
    /// for whoever does not follow it.
    #[must_use]
    pub fn response(&self) -> Response {
        let mut response = match self.error.kind() {
            ErrorKind::Forbidden if self.by_predicate => insufficient_scope(&self.error),
            _ if self.unguarded => explained(&self.error, UNGUARDED),
            _ => problem(&self.error),
        };
        if let Some(location) = &self.location {
            response.status = 302;
            response.headers.retain(|(name, _)| *name != "www-authenticate");
            // The path that is asked for stays between the app and the login.
            response =
                response.with_header("location", location).with_header("referrer-policy", "no-referrer");
        }
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

    /// Where to send a browser that was rejected for want of a session: only a page that somebody opens, and only
    /// where it was not a bearer that failed.
    pub(crate) fn redirect(
        &self,
        rejection: &Rejection,
        method: &str,
        headers: &(impl Headers + ?Sized),
        path_and_query: &str,
    ) -> Option<String> {
        let logged_out = matches!(rejection.kind(), ErrorKind::Unauthenticated | ErrorKind::TokenInvalid);
        let page = method == "GET" && accepts_html(headers) && bearer(headers) == Bearer::Absent;
        (logged_out && page).then(|| self.login_path(path_and_query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_route_without_a_guard_is_explained() {
        let body = |rejection: &Rejection| String::from_utf8(rejection.response().body.to_vec()).unwrap();
        assert!(body(&Rejection::unguarded()).contains(UNGUARDED));
        // Such as a binder of the host app gives.
        let other = Rejection::new(Error::new(ErrorKind::Config, "/etc/host-app.toml"));
        assert_eq!(other.response().status, 500);
        assert!(!body(&other).contains("detail"), "{}", body(&other));
    }
}
