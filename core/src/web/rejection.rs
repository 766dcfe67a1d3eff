//! Rejections of requests to protected routes: the reason, and the response.

use http::Response;

use crate::error::{Error, ErrorKind};
use crate::web::accept::accepts_html;
use crate::web::config::HttpConfig;
use crate::web::credential::{Bearer, bearer};
use crate::web::named_corp::NamedCorp;
use crate::web::navigation::is_navigation;
use crate::web::problem::{insufficient_scope, problem, problem_with_detail};
use crate::web::request::{Headers, only};
use crate::web::response::{REDIRECT_CSP, ResponseBody, ResponseHead, mark_private};

const MISSING_LAYER: &str =
    "missing layer: this route asks for a user, but it is not behind AuthLayer or AuthMiddleware";

/// Why a request does not get past the guard of a route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection {
    error: Error,
    by_predicate: bool,
    missing_layer: bool,
    /// A guard rejected it, on a route of the host app.
    guarded: bool,
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

    /// The session is good, but of another corp than the page that a browser opens: `CORP_MISMATCH`, with the way to the
    /// login in that corp.
    pub(super) fn other_corp(location: String) -> Self {
        let error = Error::new(
            ErrorKind::CorpMismatch,
            "the page is of another company than the session",
        );
        Self {
            location: Some(location),
            ..Self::new(error)
        }
    }

    /// The session could not be compared with the page.
    pub(super) const fn failed(error: Error) -> Self {
        Self::new(error)
    }

    /// A handler asks for the user of a route that is not guarded: `CONFIG_ERROR`, with a sentence for the developer.
    #[must_use]
    pub fn missing_layer() -> Self {
        // Also in the log: actix's `Option<User>` keeps it from everyone else.
        tracing::error!(target: "wecom_login", "{MISSING_LAYER}");
        Self {
            missing_layer: true,
            ..Self::new(Error::new(ErrorKind::Config, MISSING_LAYER))
        }
    }

    const fn new(error: Error) -> Self {
        Self {
            error,
            by_predicate: false,
            missing_layer: false,
            guarded: false,
            clear_cookie: None,
            location: None,
        }
    }

    /// The same of a route of the host app, whose answers are not of one person alone.
    pub(super) fn guarded(self) -> Self {
        Self {
            guarded: true,
            ..self
        }
    }

    /// Whether the request came without a live session.
    fn is_logged_out(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Unauthenticated | ErrorKind::TokenInvalid
        )
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

    /// The same as a redirect to this place.
    pub(super) fn with_location(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// Makes the changes that a response to this rejection needs, whatever the host app made of it: with a
    /// [`location`](Self::location) it becomes a redirect that nobody stores or frames and that does not tell where the
    /// browser was, the cookie of a session that has ended is cleared, and caches keep it for nobody else.
    pub fn apply_to(&self, response: &mut impl ResponseHead) {
        if let Some(location) = &self.location {
            response.set_status(302);
            response.remove("www-authenticate");
            let headers = [
                ("location", location.as_str()),
                ("cache-control", "no-store"),
                ("content-security-policy", REDIRECT_CSP),
                // The path that was asked for stays between the app and the login.
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
            ];
            for (name, value) in headers {
                response.remove(name);
                response.append(name, value);
            }
        }
        if let Some(cookie) = &self.clear_cookie
            && !response.contains("set-cookie", cookie)
        {
            response.append("set-cookie", cookie);
        }
        if self.guarded {
            mark_private(response);
        }
    }

    /// The response that says so: a problem of RFC 9457 with the challenge of RFC 6750, or the 302 with that problem
    /// for clients that do not follow it.
    #[must_use]
    pub fn response(&self) -> Response<ResponseBody> {
        let mut response = match self.error.kind() {
            ErrorKind::Forbidden if self.by_predicate => insufficient_scope(&self.error),
            _ if self.missing_layer => problem_with_detail(&self.error, MISSING_LAYER),
            _ => problem(&self.error),
        };
        self.apply_to(&mut response);
        response
    }
}

/// The parts of a request that decide the form of its rejection, kept for when the request itself is gone.
pub(super) struct RejectionContext {
    /// The `Set-Cookie` that clears the session cookie, where the cookie was the only credential and a person navigates: the
    /// answer to a script may come after a newer login, whose cookie it would clear.
    clear_cookie: Option<String>,
    /// The login page, where the request is for a page and came without a bearer.
    login_page: Option<String>,
}

impl RejectionContext {
    pub(super) fn unauthenticated(self) -> Rejection {
        self.redirected(Rejection::unauthenticated())
    }

    /// The rejection of a credential. A cookie that alone was sent and whose session has ended is cleared where a person
    /// navigates: a browser would go on sending it, and optional routes would reject it forever.
    pub(super) fn reject(mut self, error: Error) -> Rejection {
        let clear_cookie = self
            .clear_cookie
            .take()
            .filter(|_| error.kind() == ErrorKind::TokenInvalid);
        self.redirected(Rejection {
            clear_cookie,
            ..Rejection::new(error)
        })
    }

    fn redirected(self, rejection: Rejection) -> Rejection {
        let location = self.login_page.filter(|_| rejection.is_logged_out());
        Rejection {
            location,
            ..rejection
        }
    }
}

impl HttpConfig {
    /// The context of a request for its rejection. With a path of the host app, browsers are redirected to the login, in
    /// `corp` where the page names none.
    pub(super) fn rejection_context(
        &self,
        method: &str,
        headers: &(impl Headers + ?Sized),
        path_and_query: Option<&str>,
        corp: Option<&NamedCorp>,
    ) -> RejectionContext {
        let clears = self.sent_only_cookie(headers) && is_navigation(headers);
        RejectionContext {
            clear_cookie: clears.then(|| self.cookie.clear()),
            login_page: path_and_query
                .filter(|_| is_page(method, headers))
                .map(|path| self.login_path(path, corp)),
        }
    }

    /// Whether the session cookie is the only credential of the request.
    pub(super) fn sent_only_cookie(&self, headers: &(impl Headers + ?Sized)) -> bool {
        !bearer(headers).claims_to_be_ours() && self.cookie.is_sent(headers)
    }

    /// The rejection of a credential, without a redirect.
    pub(crate) fn rejection(&self, error: Error, headers: &(impl Headers + ?Sized)) -> Rejection {
        self.rejection_context("", headers, None, None)
            .reject(error)
    }

    /// Where to send a browser that was rejected for lack of a session: only for a page that somebody opens, and only
    /// where it was not a bearer that failed.
    pub(crate) fn redirect(
        &self,
        rejection: &Rejection,
        method: &str,
        headers: &(impl Headers + ?Sized),
        path_and_query: &str,
    ) -> Option<String> {
        (rejection.is_logged_out() && is_page(method, headers))
            .then(|| self.login_path(path_and_query, None))
    }
}

/// Whether a browser opens a page: a GET that accepts HTML and has no bearer, or one that a gateway added to the
/// browser's navigation.
pub(super) fn is_page(method: &str, headers: &(impl Headers + ?Sized)) -> bool {
    method == "GET"
        && accepts_html(headers)
        && match bearer(headers) {
            Bearer::Absent => true,
            bearer => {
                !bearer.claims_to_be_ours() && only(headers, "sec-fetch-mode") == Some(b"navigate")
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_route_without_a_guard_is_explained() {
        let body = |rejection: &Rejection| {
            String::from_utf8(rejection.response().into_body().into_bytes().to_vec()).unwrap()
        };
        assert!(body(&Rejection::missing_layer()).contains(MISSING_LAYER));
        // Such as a binder of the host app gives.
        let other = Rejection::new(Error::new(ErrorKind::Config, "/etc/host-app.toml"));
        assert_eq!(other.response().status(), 500);
        assert!(!body(&other).contains("detail"), "{}", body(&other));
    }
}
