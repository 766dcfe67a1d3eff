//! The layer: what is required, and what happens to those who do not have it.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;
use wecom_login::{CorpId, CurrentUser, WecomLogin};

use crate::rejection::ProblemResponse;
use crate::service::RequireLoginService;

type Predicate = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

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
/// let named_people = RequireLogin::new(login).with_predicate(|user| user.profile().name.is_some());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct RequireLogin<J = ProblemResponse> {
    pub(crate) rules: Arc<Rules>,
    pub(crate) rejection: J,
}

/// What the services of a layer share.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) login: WecomLogin,
    pub(crate) optional: bool,
    pub(crate) redirect: bool,
    pub(crate) predicates: Vec<Predicate>,
}

impl RequireLogin {
    /// Requires a session.
    pub fn new(login: &WecomLogin) -> Self {
        Self::with_rules(login, false)
    }

    /// Lets requests without any credential through, without a user. A bad credential is still refused.
    pub fn optional(login: &WecomLogin) -> Self {
        Self::with_rules(login, true)
    }

    fn with_rules(login: &WecomLogin, optional: bool) -> Self {
        let rules = Rules { login: login.clone(), optional, redirect: false, predicates: Vec::new() };
        Self { rules: Arc::new(rules), rejection: ProblemResponse::default() }
    }
}

impl<J> RequireLogin<J> {
    /// Lets only people through for whom this says yes, too; the rest get 403. With several, all must say yes.
    pub fn with_predicate(
        mut self,
        predicate: impl Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.rules).predicates.push(Arc::new(predicate));
        self
    }

    /// Lets only people of this company through.
    pub fn corp(self, corp_id: CorpId) -> Self {
        self.with_predicate(move |user| *user.corp_id() == corp_id)
    }

    /// Lets only people through who logged in through this instance; its name may be given without `auths.`.
    pub fn instance(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let full = if name.starts_with("auths.") { name } else { format!("auths.{name}") };
        self.with_predicate(move |user| user.instance() == full)
    }

    /// Sends browsers that are not logged in to the login page, and from there back: 302 for a GET that accepts HTML
    /// and has no bearer. All else is answered as without it.
    pub fn redirect_to_login(mut self) -> Self {
        Arc::make_mut(&mut self.rules).redirect = true;
        self
    }

    /// Replaces the responses of rejected requests: by a closure `Fn(&Rejection) -> Response<_>`.
    pub fn with_rejection<K>(self, rejection: K) -> RequireLogin<K> {
        RequireLogin { rules: self.rules, rejection }
    }
}

impl<S, J: Clone> Layer<S> for RequireLogin<J> {
    type Service = RequireLoginService<S, J>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireLoginService::new(inner, self.clone())
    }
}

impl<J: Clone> Clone for RequireLogin<J> {
    fn clone(&self) -> Self {
        Self { rules: Arc::clone(&self.rules), rejection: self.rejection.clone() }
    }
}

impl<J> fmt::Debug for RequireLogin<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLogin")
            .field("optional", &self.rules.optional)
            .field("redirect", &self.rules.redirect)
            .field("predicates", &self.rules.predicates.len())
            .finish_non_exhaustive()
    }
}
