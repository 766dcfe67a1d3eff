//! Why somebody is not let into a protected route, and what they are told.

use crate::error::{Error, ErrorKind};
use crate::web::accept::accepts_html;
use crate::web::config::Web;
use crate::web::credential::{Bearer, bearer};
use crate::web::problem::{insufficient_scope, problem, problem_with_detail};
use crate::web::request::Headers;
use crate::web::response::{REDIRECT_CSP, Response};

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
        Self::new(Error::new(
            ErrorKind::Unauthenticated,
            "no credential was sent",
        ))
    }

    /// The session is good, but the predicate says no: `FORBIDDEN`.
    #[must_use]
    pub fn forbidden() -> Self {
        let error = Error::new(
            ErrorKind::Forbidden,
            "the predicate does not let this person in",
        );
        Self {
            by_predicate: true,
            ..Self::new(error)
        }
    }

    /// A handler asks for the user of a route that is not guarded: `CONFIG_ERROR`, with a sentence for the developer.
    #[must_use]
    pub fn unguarded() -> Self {
        // Also in the log: actix's `Option<User>` keeps it from everyone else.
        tracing::error!(target: "wecom_login", "{UNGUARDED}");
        Self {
            unguarded: true,
            ..Self::new(Error::new(ErrorKind::Config, UNGUARDED))
        }
    }

    const fn new(error: Error) -> Self {
        Self {
            error,
            by_predicate: false,
            unguarded: false,
            clear_cookie: None,
            location: None,
        }
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

    /// What the response gets, whatever the host app made of it: with a [`location`](Self::location) it becomes a redirect
    /// that nobody stores or frames and that tells nobody where the browser was, and a cookie of no session is cleared.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(location) = &self.location {
            changes.extend([Change::Status(302), Change::Remove("www-authenticate")]);
            let set = |name, value: &str| Change::Set(name, value.to_owned());
            changes.extend([
                set("location", location),
                set("cache-control", "no-store"),
                set("content-security-policy", REDIRECT_CSP),
                // The path that is asked for stays between the app and the login.
                set("referrer-policy", "no-referrer"),
                set("x-content-type-options", "nosniff"),
            ]);
        }
        changes.extend(
            self.clear_cookie
                .iter()
                .map(|cookie| Change::Add("set-cookie", cookie.clone())),
        );
        changes
    }

    /// The response that says so: a problem of RFC 9457 with the challenge of RFC 6750, or the 302 with that problem
    /// for whoever does not follow it.
    #[must_use]
    pub fn response(&self) -> Response {
        let response = match self.error.kind() {
            ErrorKind::Forbidden if self.by_predicate => insufficient_scope(&self.error),
            _ if self.unguarded => problem_with_detail(&self.error, UNGUARDED),
            _ => problem(&self.error),
        };
        self.changes().into_iter().fold(response, Response::changed)
    }
}

/// A change of a response. An adapter makes each as it stands, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "an adapter makes every change, or a rule is broken"
)]
pub enum Change {
    /// This status.
    Status(u16),
    /// None of this header.
    Remove(&'static str),
    /// This header, in place of all of its name.
    Set(&'static str, String),
    /// One more of this header, unless it is there with this value.
    Add(&'static str, String),
}

impl Web {
    /// The rejection of a credential. A cookie that alone was sent and is of no session is cleared: a browser would
    /// go on sending it, and routes for anyone would refuse it for ever.
    pub(crate) fn rejection(&self, error: Error, headers: &(impl Headers + ?Sized)) -> Rejection {
        let stale = error.kind() == ErrorKind::TokenInvalid
            && matches!(bearer(headers), Bearer::Absent)
            && self.cookie.read(headers).is_some();
        Rejection {
            clear_cookie: stale.then(|| self.cookie.clear()),
            ..Rejection::new(error)
        }
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
        let logged_out = matches!(
            rejection.kind(),
            ErrorKind::Unauthenticated | ErrorKind::TokenInvalid
        );
        let page = method == "GET" && accepts_html(headers) && bearer(headers) == Bearer::Absent;
        (logged_out && page).then(|| self.login_path(path_and_query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_route_without_a_guard_is_explained() {
        let body =
            |rejection: &Rejection| String::from_utf8(rejection.response().body.to_vec()).unwrap();
        assert!(body(&Rejection::unguarded()).contains(UNGUARDED));
        // Such as a binder of the host app gives.
        let other = Rejection::new(Error::new(ErrorKind::Config, "/etc/host-app.toml"));
        assert_eq!(other.response().status, 500);
        assert!(!body(&other).contains("detail"), "{}", body(&other));
    }
}
