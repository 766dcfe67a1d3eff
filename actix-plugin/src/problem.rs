//! Errors of the login as what a handler returns.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use wecom_login::Error;

use crate::respond::to_actix;

/// An [`Error`] as the response of a handler: the status and the problem (RFC 9457) that the login routes would give.
///
/// ```
/// use actix_web::web::Data;
/// use wecom_login::WecomLogin;
/// use wecom_login_actix::{Problem, User};
///
/// async fn signature(login: Data<WecomLogin>, user: User) -> Result<String, Problem> {
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

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        let status = self.error.kind().status();
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        to_actix(self.error.response())
    }
}

#[cfg(test)]
mod tests {
    use wecom_login::ErrorKind;

    use super::*;

    #[test]
    fn problem_is_the_answer_of_the_login_routes() {
        let error = Error::new(ErrorKind::RateLimited, "of no concern to callers");
        let problem = Problem::from(error);
        let response = problem.error_response();
        assert_eq!(
            (problem.status_code(), response.status().as_u16()),
            (StatusCode::TOO_MANY_REQUESTS, 429)
        );
        assert_eq!(
            response
                .headers()
                .get("content-type")
                .map(|value| value.as_bytes()),
            Some(&b"application/problem+json"[..])
        );
    }
}
