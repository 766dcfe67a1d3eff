//! The user of a request as an argument of a handler.

use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::Serialize;
use wecom_login::web::Rejection;
use wecom_login::{CurrentUser, ErrorKind};

use crate::service::Anonymous;

/// Who sent the request, in a handler behind [`AuthLayer`](crate::AuthLayer).
///
/// `Option<User>` is `None` only behind [`AuthLayer::optional`](crate::AuthLayer::optional), and only if nothing
/// was sent. Both are 500 on a route without the layer, with a sentence that says so.
///
/// ```
/// use wecom_login_tower::User;
///
/// async fn private(user: User) -> String {
///     user.user_id().to_owned()
/// }
///
/// async fn public(user: Option<User>) -> String {
///     user.map_or_else(|| "whoever you are".to_owned(), |user| user.user_id().to_owned())
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

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = UserRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UserRejection> {
        find(parts)?.ok_or_else(|| UserRejection::new(Rejection::unauthenticated()))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = UserRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, UserRejection> {
        find(parts)
    }
}

fn find(parts: &Parts) -> Result<Option<User>, UserRejection> {
    if let Some(user) = parts.extensions.get::<CurrentUser>() {
        return Ok(Some(User(user.clone())));
    }
    match parts.extensions.get::<Anonymous>() {
        Some(Anonymous) => Ok(None),
        None => Err(UserRejection::new(Rejection::missing_layer())),
    }
}

/// Why there is no [`User`]: nobody is logged in, or the route is not behind [`AuthLayer`](crate::AuthLayer).
#[derive(Clone, Debug)]
pub struct UserRejection {
    rejection: Rejection,
}

impl UserRejection {
    const fn new(rejection: Rejection) -> Self {
        Self { rejection }
    }

    /// [`ErrorKind::Unauthenticated`], or [`ErrorKind::Config`] where the layer is missing.
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

impl IntoResponse for UserRejection {
    fn into_response(self) -> Response {
        self.rejection
            .response()
            .map(|body| axum_core::body::Body::from(body.into_bytes()))
    }
}
