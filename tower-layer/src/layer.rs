//! The layer: the core's guard, and how its rejections are answered.

use tower_layer::Layer;
use wecom_login::web::Guard;
use wecom_login::{CorpId, CurrentUser, WecomLogin};

use crate::rejection::ProblemResponse;
use crate::service::RequireLoginService;

/// Lets only requests through that come with a live session, and puts its [`CurrentUser`] into their extensions.
///
/// The rest get 401, or 403 where a predicate says no, 400 where two credentials are of different sessions, 503 where
/// the database does not answer: each as `application/problem+json`, with the [`Rejection`](crate::Rejection) in the
/// extensions of the response, so that outer layers can see why.
///
/// ```
/// # fn layers(login: &wecom_login::WecomLogin) -> Result<(), Box<dyn std::error::Error>> {
/// use wecom_login::CorpId;
/// use wecom_login_tower::RequireLogin;
///
/// let anyone_logged_in = RequireLogin::new(login);
/// let browsers_go_to_the_login_page = RequireLogin::new(login).redirect_to_login();
/// let one_company = RequireLogin::new(login).corp(CorpId::new("ww1234567890abcdef")?);
/// let named_people = RequireLogin::new(login).require(|user| user.profile().name.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLogin<J = ProblemResponse> {
    pub(crate) guard: Guard,
    pub(crate) rejection: J,
}

impl RequireLogin {
    /// Requires a session.
    pub fn new(login: &WecomLogin) -> Self {
        Self {
            guard: Guard::new(login),
            rejection: ProblemResponse::default(),
        }
    }

    /// Lets requests without any credential through, without a user. A bad credential is still refused.
    pub fn optional(login: &WecomLogin) -> Self {
        Self {
            guard: Guard::optional(login),
            rejection: ProblemResponse::default(),
        }
    }
}

impl<J> RequireLogin<J> {
    /// Lets only people through for whom this says yes, too; the rest get 403. With several, all must say yes.
    pub fn require(self, predicate: impl Fn(&CurrentUser) -> bool + Send + Sync + 'static) -> Self {
        Self {
            guard: self.guard.require(predicate),
            ..self
        }
    }

    /// Lets only people of this company through.
    pub fn corp(self, corp_id: CorpId) -> Self {
        Self {
            guard: self.guard.corp(corp_id),
            ..self
        }
    }

    /// Lets only people through who logged in through this instance; its name may be given without `auths.`.
    pub fn instance(self, name: impl Into<String>) -> Self {
        Self {
            guard: self.guard.instance(name),
            ..self
        }
    }

    /// Sends browsers that are not logged in to the login page, and from there back: 302 for a GET that accepts HTML
    /// and has no bearer. All else is answered as without it.
    pub fn redirect_to_login(self) -> Self {
        Self {
            guard: self.guard.redirect_to_login(),
            ..self
        }
    }

    /// Replaces the responses of rejected requests: by a closure `Fn(&Rejection) -> Response<_>`.
    pub fn with_rejection<K>(self, rejection: K) -> RequireLogin<K> {
        RequireLogin {
            guard: self.guard,
            rejection,
        }
    }
}

impl<S, J: Clone> Layer<S> for RequireLogin<J> {
    type Service = RequireLoginService<S, J>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireLoginService::new(inner, self.clone())
    }
}
