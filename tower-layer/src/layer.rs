//! The layer: core's guard, and how its rejections are answered.

use std::error::Error as StdError;

use tower_layer::Layer;
use wecom_login::web::{Drain, Guard, Rejection};
use wecom_login::{CorpId, CurrentUser, WecomLogin};

use crate::rejection::{ProblemResponse, ResponseForRejection};
use crate::service::Auth;

/// Lets only requests through that come with a live session, and puts its [`CurrentUser`] into their extensions.
///
/// The others get 401, or 403 where a predicate does not hold, 400 where two credentials are of different sessions, 503
/// where the database does not answer: each as `application/problem+json`, with the [`Rejection`] in the extensions of
/// the response, so that outer layers can see why.
///
/// ```
/// # fn layers(login: &wecom_login::WecomLogin) -> Result<(), Box<dyn std::error::Error>> {
/// use wecom_login::CorpId;
/// use wecom_login_tower::AuthLayer;
///
/// let anyone_logged_in = AuthLayer::required(login);
/// let browsers_go_to_the_login_page = AuthLayer::required(login).redirect_to_login();
/// let one_corp = AuthLayer::required(login).require_corp(CorpId::new("ww1234567890abcdef")?);
/// let named_people = AuthLayer::required(login).require(|user| user.profile().name.is_some());
/// let people_and_exports = AuthLayer::required(login).allow_machines("orders:read");
/// let only_imports = AuthLayer::required(login).require_scope("orders:write");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthLayer<R = ProblemResponse> {
    pub(crate) guard: Guard,
    rejection_response: R,
}

impl AuthLayer {
    /// Requires a session.
    pub fn required(login: &WecomLogin) -> Self {
        Self {
            guard: login.guard(),
            rejection_response: ProblemResponse::default(),
        }
    }

    /// Lets requests without a credential of ours through, without a user: a bearer of the host app's own is its own
    /// business. A bad credential of ours is still rejected.
    pub fn optional(login: &WecomLogin) -> Self {
        Self {
            guard: login.optional_guard(),
            rejection_response: ProblemResponse::default(),
        }
    }
}

impl<R> AuthLayer<R> {
    /// Requires that the predicate holds of the user, too; others get 403. With several, all must hold.
    pub fn require(self, predicate: impl Fn(&CurrentUser) -> bool + Send + Sync + 'static) -> Self {
        Self {
            guard: self.guard.require(predicate),
            ..self
        }
    }

    /// Requires that the predicate holds of the user, which may ask a database or another service; others get 403. It is
    /// asked for every request, after those of [`require`](Self::require). With several, all must hold.
    ///
    /// An error is answered by its row of the error table; one of the host app's own is 500. So is a panic. A predicate
    /// that takes more than 10 s is 503.
    ///
    /// ```
    /// # use wecom_login_tower::AuthLayer;
    /// # async fn is_invited(user_id: &str) -> std::io::Result<bool> { Ok(user_id == "7") }
    /// # fn guards(login: &wecom_login::WecomLogin) {
    /// let invited = AuthLayer::required(login)
    ///     .require_async(|user| async move { is_invited(user.user_id()).await });
    /// # }
    /// ```
    pub fn require_async<F, E>(
        self,
        predicate: impl Fn(CurrentUser) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<bool, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self {
            guard: self.guard.require_async(predicate),
            ..self
        }
    }

    /// Requires a user of this corp.
    pub fn require_corp(self, corp_id: CorpId) -> Self {
        Self {
            guard: self.guard.require_corp(corp_id),
            ..self
        }
    }

    /// Requires a login through this instance; its name may be given without `auths.`.
    pub fn require_instance(self, name: impl Into<String>) -> Self {
        Self {
            guard: self.guard.require_instance(name),
            ..self
        }
    }

    /// Lets machines in that have this scope, beside people. With several, one of them is enough. Without it the routes are
    /// for people, and the session of a machine is answered 403.
    pub fn allow_machines(self, scope: impl Into<String>) -> Self {
        Self {
            guard: self.guard.allow_machines(scope),
            ..self
        }
    }

    /// Requires a machine that has this scope; people, who have no scopes, get 403. With several, the machine needs all of
    /// them.
    pub fn require_scope(self, scope: impl Into<String>) -> Self {
        Self {
            guard: self.guard.require_scope(scope),
            ..self
        }
    }

    /// Sends browsers that are not logged in to the login page, and from there back: 302 for a GET that accepts HTML
    /// and has no bearer. Every other request is answered as without it.
    ///
    /// The login is in the corp that the page names in its query, by `corpId` or `orgCode`.
    pub fn redirect_to_login(self) -> Self {
        Self {
            guard: self.guard.redirect_to_login(),
            ..self
        }
    }

    /// Names the corp of these pages, for the logins of those that do not name one themselves.
    pub fn login_corp(self, corp_id: CorpId) -> Self {
        Self {
            guard: self.guard.login_corp(corp_id),
            ..self
        }
    }

    /// Sends browsers whose session is of another corp than the page names to the login in that corp, and from there
    /// back.
    pub fn redirect_on_other_corp(self) -> Self {
        Self {
            guard: self.guard.redirect_on_other_corp(),
            ..self
        }
    }

    /// Replaces the responses of rejected requests: by a closure `Fn(&Rejection) -> Response<_>`.
    pub fn on_rejection<T>(self, rejection_response: T) -> AuthLayer<T> {
        AuthLayer {
            guard: self.guard,
            rejection_response,
        }
    }

    /// What is left to read of the body of a rejected request.
    pub(crate) fn drain<B: http_body::Body>(&self, request: http::Request<B>) -> Option<Drain<B>> {
        let (parts, body) = request.into_parts();
        self.guard
            .drain(parts.method.as_str(), parts.version, &parts.headers, body)
    }

    pub(crate) fn reject<B>(&self, rejection: Rejection) -> http::Response<B>
    where
        R: ResponseForRejection<B>,
    {
        let mut response = self.rejection_response.response(&rejection);
        rejection.apply_to(&mut response);
        response.extensions_mut().insert(rejection);
        response
    }
}

impl<S, R: Clone> Layer<S> for AuthLayer<R> {
    type Service = Auth<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Auth::new(inner, self.clone())
    }
}
