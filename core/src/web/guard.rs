//! The guard of the host app's own routes.

use super::rejection::Rejection;
use super::request::Headers;
use crate::error::Error;
use crate::session::Verify;
use crate::wecom_login::WecomLogin;

impl WecomLogin {
    /// Whose session a bare token is of, for what has no HTTP headers: a message of a WebSocket, a gRPC call.
    pub fn verify_token(&self, token: &[u8]) -> Verify {
        self.0.sessions.verify(token)
    }

    /// Who sent a request: the hot path of every protected route. For a session in memory no future is made and
    /// nothing is allocated.
    pub fn verify<H: Headers + ?Sized>(&self, method: &str, headers: &H) -> Verify {
        self.0.web.verify(&self.0.sessions, method, headers)
    }

    /// What to tell a request whose credential [`verify`](Self::verify) found bad.
    pub fn reject<H: Headers + ?Sized>(&self, error: Error, headers: &H) -> Rejection {
        self.0.web.rejection(error, headers)
    }

    /// The value of the `Set-Cookie` that clears the session cookie: for a response to
    /// [`Verified`](crate::Verified) with `clear_cookie`.
    #[must_use]
    pub fn clear_cookie(&self) -> String {
        self.0.web.cookie.clear()
    }

    /// Where to send a browser that is not logged in: for a GET that accepts HTML and came without a bearer, the
    /// path of our login page, which comes back to `path_and_query`, a path as the host app sees it.
    pub fn redirect<H: Headers + ?Sized>(
        &self,
        rejection: &Rejection,
        method: &str,
        headers: &H,
        path_and_query: &str,
    ) -> Option<String> {
        self.0.web.redirect(rejection, method, headers, path_and_query)
    }

    /// The path below the host app's root where our routes are; empty if they are at the root.
    #[must_use]
    pub fn mount(&self) -> &str {
        self.0.web.mount.as_str()
    }
}
