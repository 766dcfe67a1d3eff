//! The guard of the host app's own routes: what is required, and what becomes of those who do not have it.

use std::fmt;
use std::sync::Arc;

use crate::app::WecomLogin;
use crate::domain::CorpId;
use crate::error::{Error, Result};
use crate::session::{CurrentUser, PendingVerify, Verification, Verified};
use crate::web::browser;
use crate::web::rejection::Rejection;
use crate::web::request::Headers;

type Predicate = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// Lets only requests through that come with a live session. The adapters' middleware is made of it.
///
/// ```
/// # fn guards(login: &wecom_login::WecomLogin) -> Result<(), Box<dyn std::error::Error>> {
/// use wecom_login::CorpId;
/// use wecom_login::web::Guard;
///
/// let anyone_logged_in = Guard::new(login);
/// let browsers_go_to_the_login_page = Guard::new(login).redirect_to_login();
/// let one_company = Guard::new(login).corp(CorpId::new("ww1234567890abcdef")?);
/// let named_people = Guard::new(login).require(|user| user.profile().name.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Guard(Arc<Rules>);

#[derive(Clone)]
struct Rules {
    login: WecomLogin,
    optional: bool,
    redirect: bool,
    predicates: Vec<Predicate>,
}

/// What a guard says of a request.
#[allow(
    clippy::exhaustive_enums,
    reason = "an adapter handles every case, or somebody gets in"
)]
pub enum Check {
    /// The answer is known now.
    Ready(std::result::Result<Authenticated, Rejection>),
    /// The database has to be asked; [`Guard::settle`] makes its answer ours. The future may be polled on any runtime.
    Pending(PendingVerify),
}

/// A request that goes on to its handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticated {
    /// Who sent it. `None` only for a guard that is [`optional`](Guard::optional), and only if nothing was sent.
    pub user: Option<CurrentUser>,
    /// The value of a `Set-Cookie` for the handler's response, where the browser holds a cookie of no session.
    pub set_cookie: Option<String>,
}

impl Guard {
    /// Requires a session.
    pub fn new(login: &WecomLogin) -> Self {
        Self::with_rules(login, false)
    }

    /// Lets requests without any credential through, without a user. A bad credential is still refused.
    pub fn optional(login: &WecomLogin) -> Self {
        Self::with_rules(login, true)
    }

    fn with_rules(login: &WecomLogin, optional: bool) -> Self {
        Self(Arc::new(Rules {
            login: login.clone(),
            optional,
            redirect: false,
            predicates: Vec::new(),
        }))
    }

    /// Lets only people through for whom this says yes, too; the rest get 403. With several, all must say yes.
    pub fn require(
        mut self,
        predicate: impl Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.0)
            .predicates
            .push(Arc::new(predicate));
        self
    }

    /// Lets only people of this company through.
    pub fn corp(self, corp_id: CorpId) -> Self {
        self.require(move |user| *user.corp_id() == corp_id)
    }

    /// Lets only people through who logged in through this instance; its name may be given without `auths.`.
    pub fn instance(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let full = if name.starts_with("auths.") {
            name
        } else {
            format!("auths.{name}")
        };
        self.require(move |user| user.instance() == full)
    }

    /// Sends browsers that are not logged in to the login page, and from there back: 302 for a GET that accepts HTML
    /// and has no bearer. All else is answered as without it.
    pub fn redirect_to_login(mut self) -> Self {
        Arc::make_mut(&mut self.0).redirect = true;
        self
    }

    /// Checks a request. `path_and_query` says that of the host app, with the scopes and nests that the route is in; it
    /// is asked only where a browser is sent to the login. For a session in memory no future is made and nothing is
    /// allocated.
    pub fn check<'a, H: Headers + ?Sized>(
        &self,
        method: &str,
        path_and_query: impl FnOnce() -> &'a str,
        headers: &H,
    ) -> Check {
        Check::Ready(match self.0.login.verify(method, headers) {
            Verification::Pending(pending) => return Check::Pending(pending),
            Verification::Ready(result) => self.settle(result, method, path_and_query, headers),
            Verification::Absent if self.0.optional => Ok(Authenticated {
                user: None,
                set_cookie: None,
            }),
            Verification::Absent => Err(self.redirected(
                Rejection::unauthenticated(),
                method,
                path_and_query,
                headers,
            )),
        })
    }

    /// What the database's answer to [`Check::Pending`] means for the same request.
    ///
    /// # Errors
    /// The request goes no further, and this is why.
    pub fn settle<'a, H: Headers + ?Sized>(
        &self,
        result: Result<Verified>,
        method: &str,
        path_and_query: impl FnOnce() -> &'a str,
        headers: &H,
    ) -> std::result::Result<Authenticated, Rejection> {
        let login = &self.0.login;
        let verified = result.map_err(|error| {
            self.redirected(
                login.reject(error, headers),
                method,
                path_and_query,
                headers,
            )
        })?;
        if !self
            .0
            .predicates
            .iter()
            .all(|predicate| predicate(&verified.user))
        {
            return Err(Rejection::forbidden());
        }
        let set_cookie = verified.clear_cookie.then(|| login.clear_cookie());
        Ok(Authenticated {
            user: Some(verified.user),
            set_cookie,
        })
    }

    fn redirected<'a, H: Headers + ?Sized>(
        &self,
        rejection: Rejection,
        method: &str,
        path_and_query: impl FnOnce() -> &'a str,
        headers: &H,
    ) -> Rejection {
        if !self.0.redirect {
            return rejection;
        }
        let location = self
            .0
            .login
            .redirect(&rejection, method, headers, path_and_query());
        rejection.with_location(location)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("optional", &self.0.optional)
            .field("redirect", &self.0.redirect)
            .field("predicates", &self.0.predicates.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

impl WecomLogin {
    /// Whose session a bare token is of, for what has no HTTP headers: a message of a WebSocket, a gRPC call.
    #[must_use]
    pub fn verify_token(&self, token: &[u8]) -> Verification {
        self.0.sessions.verify(token)
    }

    /// Who sent a request: the hot path of every protected route. For a session in memory no future is made and
    /// nothing is allocated.
    pub fn verify<H: Headers + ?Sized>(&self, method: &str, headers: &H) -> Verification {
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

    /// The values of the two `Set-Cookie` that go with a logout by a route of the host app's own, as with our
    /// `POST /logout`: one clears the session cookie, the other makes our login page wait for a click. In WeCom it would
    /// log the person in again without one.
    ///
    /// ```
    /// # use wecom_login::{CurrentUser, WecomLogin};
    /// /// What the host app's `POST /goodbye` answers, behind a guard: 303 with these headers.
    /// async fn goodbye(login: &WecomLogin, user: &CurrentUser) -> wecom_login::Result<Vec<(&'static str, String)>> {
    ///     login.service().logout(user).await?;
    ///     let mut headers = vec![("location", "/".to_owned())];
    ///     headers.extend(login.logout_cookies().map(|cookie| ("set-cookie", cookie)));
    ///     Ok(headers)
    /// }
    /// ```
    #[must_use]
    pub fn logout_cookies(&self) -> [String; 2] {
        [self.clear_cookie(), browser::logged_out(self)]
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
        self.0
            .web
            .redirect(rejection, method, headers, path_and_query)
    }

    /// The path below the host app's root where our routes are; empty if they are at the root.
    #[must_use]
    pub fn mount(&self) -> &str {
        self.0.web.mount.as_str()
    }
}
