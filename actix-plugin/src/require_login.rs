//! The middleware as it is configured: the core's guard, and how its rejections are answered.

use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use wecom_login::web::{Change, Guard, Rejection};
use wecom_login::{CorpId, CurrentUser, WecomLogin};

use crate::middleware::RequireLoginMiddleware;
use crate::respond::to_actix;

type Respond = Arc<dyn Fn(&Rejection) -> HttpResponse + Send + Sync>;

/// Lets only requests through that come with a live session, and puts its [`CurrentUser`] into their extensions.
///
/// The rest get 401, or 403 where a predicate says no, 400 where two credentials are of different sessions, 503 where
/// the database does not answer: each as `application/problem+json`, with the [`Rejection`] in the extensions of the
/// response, so that outer middleware can see why. None of it is an actix error: outer middleware sees a response.
///
/// It can be made outside the closure of `HttpServer::new` and cloned into it.
///
/// ```
/// # fn layers(login: &wecom_login::WecomLogin) -> Result<(), Box<dyn std::error::Error>> {
/// use wecom_login::CorpId;
/// use wecom_login_actix::RequireLogin;
///
/// let anyone_logged_in = RequireLogin::new(login);
/// let browsers_go_to_the_login_page = RequireLogin::new(login).redirect_to_login();
/// let one_company = RequireLogin::new(login).corp(CorpId::new("ww1234567890abcdef")?);
/// let named_people = RequireLogin::new(login).require(|user| user.profile().name.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct RequireLogin {
    pub(crate) guard: Guard,
    respond: Option<Respond>,
}

impl RequireLogin {
    /// Requires a session.
    pub fn new(login: &WecomLogin) -> Self {
        Self {
            guard: Guard::new(login),
            respond: None,
        }
    }

    /// Lets requests without any credential through, without a user. A bad credential is still refused.
    pub fn optional(login: &WecomLogin) -> Self {
        Self {
            guard: Guard::optional(login),
            respond: None,
        }
    }

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

    /// Replaces the responses of rejected requests. Whatever they are, the rejection is added to their extensions, and
    /// a cookie of no session is cleared.
    pub fn with_rejection(
        self,
        respond: impl Fn(&Rejection) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            respond: Some(Arc::new(respond)),
            ..self
        }
    }

    pub(crate) fn reject(&self, rejection: Rejection) -> HttpResponse {
        let mut response = match &self.respond {
            Some(respond) => respond(&rejection),
            None => to_actix(rejection.response()),
        };
        rejection
            .changes()
            .into_iter()
            .for_each(|change| make(&mut response, change));
        response.extensions_mut().insert(rejection);
        response
    }
}

/// Makes a change that the core wants.
fn make(response: &mut HttpResponse, change: Change) {
    match change {
        Change::Status(status) => {
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Change::Remove(name) => drop(response.headers_mut().remove(name)),
        Change::Set(name, value) => {
            response.headers_mut().remove(name);
            add(response, name, &value);
        }
        Change::Add(name, value) => {
            if !response
                .headers()
                .get_all(name)
                .any(|there| *there == value)
            {
                add(response, name, &value);
            }
        }
    }
}

fn add(response: &mut HttpResponse, name: &'static str, value: &str) {
    if let Some(value) = header(value) {
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
}

pub(crate) fn header(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

impl<S, B> Transform<S, ServiceRequest> for RequireLogin
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = RequireLoginMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireLoginMiddleware::new(
            Rc::new(service),
            self.clone(),
        )))
    }
}

impl fmt::Debug for RequireLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLogin")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}
