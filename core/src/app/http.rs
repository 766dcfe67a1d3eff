//! The handle's part of HTTP: our routes, the guard of the host app's, the verification of requests.

use std::error::Error as StdError;
use std::net::IpAddr;

use http::{HeaderMap, Request, Response};

use crate::app::handle::WecomLogin;
use crate::domain::LinkTicket;
use crate::error::{Error, ErrorKind, Result};
use crate::session::{SessionToken, Verification};
use crate::web::{Guard, Headers, Rejection, ResponseBody, Route, routes};

impl WecomLogin {
    /// The guard of routes that require a session. An adapter's middleware is made from it.
    pub fn guard(&self) -> Guard {
        Guard::required(&self.inner.http, self.inner.shutdown_on_drop.clone())
    }

    /// The guard of routes that take requests without any credential too, then without a user. A bad credential is still
    /// rejected.
    pub fn optional_guard(&self) -> Guard {
        Guard::optional(&self.inner.http, self.inner.shutdown_on_drop.clone())
    }

    /// The table of routes, for an adapter that mounts it: from now on the login routes are known to be served here. A
    /// guard lets them through, wherever it lies, and says so.
    #[allow(
        clippy::must_use_candidate,
        reason = "an adapter that mounts another table calls it to say so"
    )]
    pub fn mount_routes(&self) -> &'static [Route] {
        self.inner.http.mounting().add_routes();
        routes()
    }

    /// Checks where the login routes are mounted, and says so once at ERROR if it is not at [`mount`](Self::mount):
    /// `sent_path` is the whole path of a request to one of them, as it was sent, and `path` its part below the mount.
    pub fn check_mount(&self, sent_path: &str, path: &str) {
        self.inner.http.check_mount(sent_path, path);
    }

    /// The route of a path below the mount; `None` if it is none of ours.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<&'static Route> {
        self.inner.http.route(path)
    }

    /// Answers a request to one of our routes; `None` if its path is none of ours.
    ///
    /// The path of the request's URI is the one below the mount, as it was sent and not decoded. `peer` is the address
    /// that the connection comes from: without it the client counts as one with all others that have none. The body is
    /// read up to the route's limit, and not at all where the route reads none.
    ///
    /// The work runs on the runtime that the handle was built on: the future may be awaited on any other, and dropping it
    /// cancels nothing. The answer to HEAD has the `content-length` of the answer to GET and no body.
    pub async fn respond<B>(
        &self,
        request: Request<B>,
        peer: Option<IpAddr>,
    ) -> Option<Response<ResponseBody>>
    where
        B: http_body::Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        self.inner.http.respond(request, peer).await
    }

    /// Whose session a bare token is of, for what has no HTTP headers: a message of a WebSocket, a gRPC call. The session of
    /// a machine is `FORBIDDEN` here; [`verify_machine_token`](Self::verify_machine_token) takes it.
    #[must_use]
    pub fn verify_token(&self, token: &[u8]) -> Verification {
        self.inner
            .http
            .verify_token(token)
            .without_machines(for_people)
    }

    /// The same for machines and for people: [`CurrentUser::machine`](crate::CurrentUser::machine) tells which, and the
    /// scopes.
    #[must_use]
    pub fn verify_machine_token(&self, token: &[u8]) -> Verification {
        self.inner.http.verify_token(token)
    }

    /// Who sent a request: the hot path of every protected route. For a session in memory no future is made and
    /// nothing is allocated. The session of a machine is `FORBIDDEN` here: a [`guard`](Self::guard) may let it in.
    pub fn verify<H: Headers + ?Sized>(&self, method: &str, headers: &H) -> Verification {
        self.inner
            .http
            .verify(method, headers)
            .without_machines(for_people)
    }

    /// The answer to a request whose credential [`verify`](Self::verify) found bad.
    pub fn reject<H: Headers + ?Sized>(&self, error: Error, headers: &H) -> Rejection {
        self.inner.http.reject(error, headers)
    }

    /// The value of the `Set-Cookie` that clears the session cookie: for a response to
    /// [`Verified`](crate::Verified) with `clear_cookie`.
    #[must_use]
    pub fn clear_cookie(&self) -> String {
        self.inner.http.clear_cookie()
    }

    /// The value of the `Set-Cookie` that logs a browser in with this token, for a route of the host app's own that
    /// [issues](crate::SessionService::issue) a session. End the session that the browser had before.
    #[must_use]
    pub fn session_cookie(&self, token: &SessionToken) -> String {
        self.inner.http.session_cookie(token)
    }

    /// The values of the two `Set-Cookie` that go with a logout by a route of the host app's own, as with our
    /// `POST /logout`: one clears the session cookie, the other makes our login page wait for a click. Within WeCom the
    /// page would otherwise log the person in again at once.
    ///
    /// ```
    /// # use wecom_login::{CurrentUser, WecomLogin};
    /// /// What the host app's `POST /goodbye` answers, behind a guard: 303 with these headers.
    /// async fn goodbye(login: &WecomLogin, user: &CurrentUser) -> wecom_login::Result<Vec<(&'static str, String)>> {
    ///     login.sessions().logout(user).await?;
    ///     let mut headers = vec![("location", "/".to_owned())];
    ///     headers.extend(login.logout_cookies().map(|cookie| ("set-cookie", cookie)));
    ///     Ok(headers)
    /// }
    /// ```
    #[must_use]
    pub fn logout_cookies(&self) -> [String; 2] {
        self.inner.http.logout_cookies()
    }

    /// Finishes a login that [`Binding::Link`](crate::Binding::Link) stopped, in the browser that began it: the person is
    /// this user. `headers` are those of the request to the host app's own page, whose cookie binds the ticket to the
    /// browser. The ticket is used up, [`UserBinder::link`](crate::UserBinder::link) keeps the binding, and the answer
    /// leads the person on, by our callback, to where they were going.
    ///
    /// Call it in the answer to a POST, after the app has proved the user: a GET may be prefetched. The adapters'
    /// `finish_login` makes the framework's response of it.
    ///
    /// # Errors
    /// As [`AuthService::finish_login`](crate::AuthService::finish_login), and `LOGIN_CODE_INVALID` for a ticket of another
    /// browser. [`login_failed`](Self::login_failed) makes an answer of it.
    pub async fn finish_login(
        &self,
        headers: &HeaderMap,
        ticket: &LinkTicket,
        user_id: &str,
    ) -> Result<Response<ResponseBody>> {
        self.inner
            .http
            .finish_login(headers.clone(), ticket.clone(), user_id.to_owned())
            .await
    }

    /// The answer to a browser whose login could not be finished: our page about it, or a problem for a script.
    #[must_use]
    pub fn login_failed(&self, error: &Error, headers: &HeaderMap) -> Response<ResponseBody> {
        self.inner.http.login_failed(error, headers)
    }

    /// Where to send a browser that is not logged in: for a GET that accepts HTML and came without a bearer, the path of
    /// our login page, which leads back to `path_and_query`, a path as the host app sees it.
    pub fn redirect<H: Headers + ?Sized>(
        &self,
        rejection: &Rejection,
        method: &str,
        headers: &H,
        path_and_query: &str,
    ) -> Option<String> {
        self.inner
            .http
            .redirect(rejection, method, headers, path_and_query)
    }

    /// The path below the host app's root where our routes are; empty if they are at the root.
    #[must_use]
    pub fn mount(&self) -> &str {
        self.inner.http.mount()
    }
}

fn for_people() -> Error {
    Error::new(ErrorKind::Forbidden, "the session is of a machine")
}
