//! The user of a request as an argument of a handler.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use wecom_login::web::Rejection;
use wecom_login::{CurrentUser, ErrorKind};

use crate::respond::to_actix;
use crate::service::Anonymous;

/// Who sent the request, in a handler behind [`AuthMiddleware`](crate::AuthMiddleware).
///
/// On a route without the middleware it is 500, with a sentence that says so. `Option<User>` works, but actix's own
/// `Option` keeps that sentence from the client (the log has it): prefer [`MaybeUser`].
///
/// ```
/// use wecom_login_actix::User;
///
/// async fn private(user: User) -> String {
///     user.user_id().to_owned()
/// }
/// ```
///
/// Serialized, it is `{userId, thirdUserId, corpId, name?, avatar?, email?, mobile?}`: `Json(user)` is an answer.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
#[allow(
    clippy::exhaustive_structs,
    reason = "handlers take it apart: User(user)"
)]
pub struct User(pub CurrentUser);

impl Deref for User {
    type Target = CurrentUser;

    fn deref(&self) -> &CurrentUser {
        &self.0
    }
}

impl FromRequest for User {
    type Error = UserRejection;
    type Future = Ready<Result<Self, UserRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            find(request).and_then(|user| {
                user.ok_or_else(|| UserRejection::new(Rejection::unauthenticated()))
            }),
        )
    }
}

/// Who sent the request, if anybody did who is known.
///
/// It is `None` only behind [`AuthMiddleware::optional`](crate::AuthMiddleware::optional), and only if nothing was sent.
/// On a route without the middleware it is 500, with a sentence that says so.
///
/// ```
/// use wecom_login_actix::MaybeUser;
///
/// async fn public(MaybeUser(user): MaybeUser) -> String {
///     user.map_or_else(|| "whoever you are".to_owned(), |user| user.user_id().to_owned())
/// }
/// ```
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "handlers take it apart: MaybeUser(user)"
)]
pub struct MaybeUser(pub Option<User>);

impl FromRequest for MaybeUser {
    type Error = UserRejection;
    type Future = Ready<Result<Self, UserRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find(request).map(Self))
    }
}

fn find(request: &HttpRequest) -> Result<Option<User>, UserRejection> {
    let extensions = request.extensions();
    if let Some(user) = extensions.get::<CurrentUser>() {
        return Ok(Some(User(user.clone())));
    }
    match extensions.get::<Anonymous>() {
        Some(Anonymous) => Ok(None),
        None => Err(UserRejection::new(Rejection::missing_layer())),
    }
}

/// Why there is no [`User`]: nobody is logged in, or the route is not behind [`AuthMiddleware`](crate::AuthMiddleware).
#[derive(Clone, Debug)]
pub struct UserRejection {
    rejection: Rejection,
}

impl UserRejection {
    const fn new(rejection: Rejection) -> Self {
        Self { rejection }
    }

    /// [`ErrorKind::Unauthenticated`], or [`ErrorKind::Config`] where the middleware is missing.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.rejection.kind()
    }
}

impl fmt::Display for UserRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.error().fmt(f)
    }
}

impl std::error::Error for UserRejection {}

impl ResponseError for UserRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        to_actix(self.rejection.response())
    }
}
