//! Errors of the login as what a handler returns.

use std::fmt;

use axum_core::response::{IntoResponse, Response};
use wecom_login::Error;

/// An [`Error`] as the response of a handler: the status and the problem (RFC 9457) that the login routes would give.
///
/// ```
/// use wecom_login::WecomLogin;
/// use wecom_login_tower::{Problem, User};
///
/// async fn signature(login: WecomLogin, user: User) -> Result<String, Problem> {
///     let signed = login.corp_of(&user).js_config("https://app.example.com/").await?;
///     Ok(signed.config.signature)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    error: Error,
}

impl Problem {
    /// What failed.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { error }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let response = self.error.response();
        response.map(|body| axum_core::body::Body::from(body.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use wecom_login::ErrorKind;

    use super::*;

    #[test]
    fn problem_is_the_answer_of_the_login_routes() {
        let error = Error::new(ErrorKind::RateLimited, "of no concern to callers");
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}
