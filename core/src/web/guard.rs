//! The guard of the host app's own routes: what it requires, and the rejection of requests that do not meet it.

use std::error::Error as StdError;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, select};

use crate::domain::{CorpId, Machine};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::session::{CurrentUser, Sessions, Verification, Verified};
use crate::task_runner::ShutdownOnDrop;
use crate::web::decision::{Authenticated, Decision};
use crate::web::drain::Drain;
use crate::web::http_service::{HttpDeps, HttpService};
use crate::web::named_corp::NamedCorp;
use crate::web::rejection::{Rejection, RejectionContext, is_page};
use crate::web::request::Headers;

type Predicate = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;
type AsyncPredicate = Arc<dyn Fn(CurrentUser) -> BoxFuture<'static, Result<bool>> + Send + Sync>;

/// How long an asynchronous predicate may take.
const PREDICATE_TIMEOUT: Duration = Duration::from_secs(10);
/// `Retry-After` of one that took longer.
const PREDICATE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Lets only requests through that come with a live session. The adapters' middleware is made from it. The sessions of
/// machines are let in only where the guard [allows](Self::allow_machines) or [requires](Self::require_scope) them.
///
/// ```
/// # fn guards(login: &wecom_login::WecomLogin) -> Result<(), Box<dyn std::error::Error>> {
/// use wecom_login::CorpId;
///
/// let anyone_logged_in = login.guard();
/// let browsers_go_to_the_login_page = login.guard().redirect_to_login();
/// let one_corp = login.guard().require_corp(CorpId::new("ww1234567890abcdef")?);
/// let named_people = login.guard().require(|user| user.profile().name.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Guard {
    rules: Arc<Rules>,
}

#[derive(Clone)]
struct Rules {
    http: HttpService,
    optional: bool,
    redirect: bool,
    /// The corp that a login is in where the page names none.
    login_corp: Option<NamedCorp>,
    redirect_on_other_corp: bool,
    predicates: Vec<Predicate>,
    async_predicates: Vec<AsyncPredicate>,
    /// Machines with one of these scopes are let in, beside people.
    allowed_scopes: Vec<String>,
    /// Only machines with all of these scopes are let in.
    required_scopes: Vec<String>,
    _shutdown_on_drop: ShutdownOnDrop,
}

impl Guard {
    /// Requires a session.
    pub(crate) fn required(http: &HttpService, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self::with_rules(http, shutdown_on_drop, false)
    }

    /// Lets requests without any credential through, without a user.
    pub(crate) fn optional(http: &HttpService, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self::with_rules(http, shutdown_on_drop, true)
    }

    fn with_rules(http: &HttpService, shutdown_on_drop: ShutdownOnDrop, optional: bool) -> Self {
        Self {
            rules: Arc::new(Rules {
                http: http.clone(),
                optional,
                redirect: false,
                login_corp: None,
                redirect_on_other_corp: false,
                predicates: Vec::new(),
                async_predicates: Vec::new(),
                allowed_scopes: Vec::new(),
                required_scopes: Vec::new(),
                _shutdown_on_drop: shutdown_on_drop,
            }),
        }
    }

    /// Requires that the predicate holds of the user, too; others get 403. With several, all must hold.
    pub fn require(
        mut self,
        predicate: impl Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.rules)
            .predicates
            .push(Arc::new(predicate));
        self
    }

    /// Requires that the predicate holds of the user, which may ask a database or another service; others get 403. It is
    /// asked after those of [`require`](Self::require), for every request. With several, all must hold, in their order.
    ///
    /// An error is answered by its row of the error table; one of the host app's own is 500. So is a panic. A predicate
    /// that takes more than 10 s is 503.
    ///
    /// ```
    /// # async fn is_invited(user_id: &str) -> std::io::Result<bool> { Ok(user_id == "7") }
    /// # fn guards(login: &wecom_login::WecomLogin) {
    /// let invited = login
    ///     .guard()
    ///     .require_async(|user| async move { is_invited(user.user_id()).await });
    /// # }
    /// ```
    pub fn require_async<F, E>(
        mut self,
        predicate: impl Fn(CurrentUser) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = std::result::Result<bool, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let predicate = move |user| {
            let asked = predicate(user);
            let answer: BoxFuture<'static, Result<bool>> =
                Box::pin(
                    async move { asked.await.map_err(|error| predicate_failed(error.into())) },
                );
            answer
        };
        Arc::make_mut(&mut self.rules)
            .async_predicates
            .push(Arc::new(predicate));
        self
    }

    /// Lets machines in that have this scope, beside people. With several, one of them is enough. Without it a route is for
    /// people, and the session of a machine is answered 403.
    ///
    /// ```
    /// # fn guard(login: &wecom_login::WecomLogin) {
    /// let people_and_exports = login.guard().allow_machines("orders:read");
    /// # }
    /// ```
    pub fn allow_machines(mut self, scope: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.rules)
            .allowed_scopes
            .push(scope.into());
        self
    }

    /// Requires a machine that has this scope; people, who have no scopes, get 403. With several, the machine needs all of
    /// them.
    pub fn require_scope(mut self, scope: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.rules)
            .required_scopes
            .push(scope.into());
        self
    }

    /// Requires a user of this corp, by whichever of its ids it is named.
    pub fn require_corp(self, corp_id: CorpId) -> Self {
        let aliases = self.rules.http.deps.instances.aliases().clone();
        self.require(move |user| aliases.is_same(user.suite_id(), user.corp_id(), &corp_id))
    }

    /// Requires a login through this instance; its name may be given without `auths.`.
    pub fn require_instance(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let full = if name.starts_with("auths.") {
            name
        } else {
            format!("auths.{name}")
        };
        self.require(move |user| user.instance() == full)
    }

    /// Sends browsers that are not logged in to the login page, and from there back: 302 for a GET that accepts HTML
    /// and has no bearer. Every other request is answered as without it.
    ///
    /// The login is in the corp that the page names in its query, by `corpId` or `orgCode`: a link to
    /// `/account?corpId=ww1` in a message of WeCom leads the person there without a question.
    pub fn redirect_to_login(mut self) -> Self {
        Arc::make_mut(&mut self.rules).redirect = true;
        self
    }

    /// Names the corp of these pages: [`redirect_to_login`](Self::redirect_to_login) and
    /// [`redirect_on_other_corp`](Self::redirect_on_other_corp) lead to the login in it, where a page does not name one
    /// itself.
    pub fn login_corp(mut self, corp_id: CorpId) -> Self {
        Arc::make_mut(&mut self.rules).login_corp = Some(NamedCorp::CorpId(corp_id));
        self
    }

    /// Sends browsers whose session is of another corp than the page names, by `corpId` or `orgCode` in its query, to the
    /// login in that corp, and from there back. Every request but a GET that accepts HTML and has no bearer is answered
    /// as without it.
    pub fn redirect_on_other_corp(mut self) -> Self {
        Arc::make_mut(&mut self.rules).redirect_on_other_corp = true;
        self
    }

    /// Decides about a request. `path_and_query` gives those of the host app, with the scopes and nests that the route
    /// is in; it is not called where a session in memory passes. For a session in memory no future is made and
    /// nothing is allocated.
    pub fn check<'a, H: Headers + ?Sized>(
        &self,
        method: &str,
        path_and_query: impl FnOnce() -> &'a str,
        headers: &H,
    ) -> Decision {
        let rules = &self.rules;
        let verification = match rules.http.verify(method, headers) {
            Verification::Absent | Verification::Foreign if rules.optional => {
                return Decision::Ready(Ok(Authenticated::NOBODY));
            }
            verification => verification,
        };
        let may_be_of_other_corp = rules.redirect_on_other_corp && is_page(method, headers);
        let verification = match verification {
            Verification::Ready(Ok(verified))
                if !may_be_of_other_corp && rules.async_predicates.is_empty() =>
            {
                let authorized = rules.authorize(verified);
                if authorized.is_err() && rules.http.is_own_route(path_and_query()) {
                    return Decision::Ready(Ok(Authenticated::NOBODY));
                }
                return Decision::Ready(authorized);
            }
            verification => verification,
        };
        let path = path_and_query();
        if rules.http.is_own_route(path) {
            return Decision::Ready(Ok(Authenticated::NOBODY));
        }
        let config = &rules.http.deps.config;
        if rules.redirect {
            config.check_routes();
        }
        let corp = rules.login_corp.as_ref();
        let redirect = rules.redirect.then_some(path);
        let context = config.rejection_context(method, headers, redirect, corp);
        let page = may_be_of_other_corp.then(|| rules.corp_page(path));
        rules.decide(verification, context, page.flatten())
    }

    /// Reads and drops what is left of the body of a request that this guard rejected, before the response is written: a
    /// proxy that still sends the body would answer 502 in its place. `None` if there is nothing to read.
    #[must_use]
    pub fn drain<B: http_body::Body>(
        &self,
        method: &str,
        version: http::Version,
        headers: &(impl Headers + ?Sized),
        body: B,
    ) -> Option<Drain<B>> {
        if !HttpDeps::may_drain(method, version, headers) {
            return None;
        }
        self.rules.http.deps.drain(body)
    }
}

/// A page of one corp, and the way to the login in that corp.
struct CorpPage {
    corp: NamedCorp,
    location: String,
}

impl Rules {
    /// The corp that a page names, or else the host app for it.
    fn corp_page(&self, path: &str) -> Option<CorpPage> {
        let corp = NamedCorp::of_page(path).or_else(|| self.login_corp.clone())?;
        Some(CorpPage {
            location: self.http.deps.config.login_path(path, Some(&corp)),
            corp,
        })
    }

    fn decide(
        self: &Arc<Self>,
        verification: Verification,
        context: RejectionContext,
        page: Option<CorpPage>,
    ) -> Decision {
        let rules = Arc::clone(self);
        match verification {
            Verification::Absent => Decision::Ready(Err(context.unauthenticated().guarded())),
            Verification::Foreign => {
                let rejection = context.reject(Sessions::token_invalid());
                Decision::Ready(Err(rejection.guarded()))
            }
            Verification::Ready(Err(error)) => {
                if error.kind() == ErrorKind::CrossSite {
                    let refusals = &self.http.deps.refusals;
                    refusals.record(RefusedRequest::Session, &error, None, None);
                }
                Decision::Ready(Err(context.reject(error).guarded()))
            }
            Verification::Ready(Ok(verified)) => match page {
                None if self.async_predicates.is_empty() => {
                    Decision::Ready(self.authorize(verified))
                }
                page => Decision::Pending(Box::pin(async move {
                    rules.resolve(Ok(verified), context, page).await
                })),
            },
            Verification::Pending(pending) => Decision::Pending(Box::pin(async move {
                rules.resolve(pending.await, context, page).await
            })),
        }
    }

    async fn resolve(
        &self,
        result: Result<Verified>,
        context: RejectionContext,
        page: Option<CorpPage>,
    ) -> std::result::Result<Authenticated, Rejection> {
        let verified = result.map_err(|error: Error| context.reject(error).guarded())?;
        if let Some(page) = page {
            let is_of = page.corp.is_of(&verified.user, &self.http.deps);
            if !is_of
                .await
                .map_err(|error| Rejection::failed(error).guarded())?
            {
                return Err(Rejection::other_corp(page.location).guarded());
            }
        }
        let authenticated = self.authorize(verified)?;
        if let Some(user) = &authenticated.user
            && !self
                .ask_async(user)
                .await
                .map_err(|error| Rejection::failed(error).guarded())?
        {
            return Err(Rejection::forbidden().guarded());
        }
        Ok(authenticated)
    }

    /// Asks the asynchronous predicates about a user.
    async fn ask_async(&self, user: &CurrentUser) -> Result<bool> {
        for predicate in &self.async_predicates {
            // The closure itself may panic, too.
            let asked = AssertUnwindSafe(async { predicate(user.clone()).await }).catch_unwind();
            let timeout = self.http.deps.sleep(PREDICATE_TIMEOUT);
            let holds = match select(pin!(asked), timeout).await {
                Either::Left((Ok(answer), _)) => answer?,
                Either::Left((Err(_), _)) => {
                    return Err(Error::new(ErrorKind::Internal, "a predicate panicked"));
                }
                Either::Right(_) => {
                    return Err(Error::new(
                        ErrorKind::StoreUnavailable,
                        "a predicate of the host app did not answer within 10 s",
                    )
                    .with_retry_after(PREDICATE_RETRY_AFTER));
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a person, or this machine, may come here at all.
    fn admits(&self, machine: Option<&Machine>) -> bool {
        let Some(machine) = machine else {
            return self.required_scopes.is_empty();
        };
        let has = |scope: &String| machine.has_scope(scope);
        if self.required_scopes.is_empty() {
            self.allowed_scopes.iter().any(has)
        } else {
            self.required_scopes.iter().all(has)
        }
    }

    /// Asks the predicates about a verified user.
    fn authorize(&self, verified: Verified) -> std::result::Result<Authenticated, Rejection> {
        if !self.admits(verified.user.machine())
            || !self
                .predicates
                .iter()
                .all(|predicate| predicate(&verified.user))
        {
            return Err(Rejection::forbidden().guarded());
        }
        let set_cookie = verified.clear_cookie.then(|| self.http.clear_cookie());
        Ok(Authenticated {
            user: Some(verified.user),
            set_cookie,
        })
    }
}

/// The error of a predicate: ours as it is, one of the host app's as the cause of an internal one.
fn predicate_failed(error: Box<dyn StdError + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => {
            tracing::error!(target: "wecom_login", error, "a predicate of the host app failed");
            Error::new(ErrorKind::Internal, "a predicate of the host app failed")
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("optional", &self.rules.optional)
            .field("redirect", &self.rules.redirect)
            .field("predicates", &self.rules.predicates.len())
            .field("async_predicates", &self.rules.async_predicates.len())
            .field("allowed_scopes", &self.rules.allowed_scopes)
            .field("required_scopes", &self.rules.required_scopes)
            .finish_non_exhaustive()
    }
}
