//! The credentials of a request: a bearer token (RFC 6750) or the session cookie.
//!
//! A bearer is ours by its shape and its tag. Any other is the host app's own, such as a gateway's: it neither proves
//! nor spoils anything beside a cookie.

mod bearer;

pub(super) use bearer::malformed;
pub(crate) use bearer::{Bearer, bearer};

use crate::error::{Error, ErrorKind, Result};
use crate::session::{Sessions, Verification, Verified};
use crate::web::config::HttpConfig;
use crate::web::request::Headers;

impl HttpConfig {
    /// Who sent the request. A bearer of ours goes before a cookie; a cookie authenticates unsafe methods and WebSockets
    /// only from pages of an allowed origin. For a session in memory nothing is allocated.
    pub(crate) fn verify(
        &self,
        sessions: &Sessions,
        method: &str,
        headers: &(impl Headers + ?Sized),
    ) -> Verification {
        let (bearer, is_foreign) = match bearer(headers) {
            Bearer::Malformed => return Verification::Ready(Err(malformed())),
            Bearer::Absent => (None, false),
            Bearer::Subprotocol(token) => (Some((token, sessions.verify(token))), false),
            Bearer::Token(token) => match sessions.verify_own(token) {
                Some(verification) => (Some((token, verification)), false),
                None => (None, true),
            },
        };
        match (bearer, self.cookie.read(headers)) {
            (None, None) if is_foreign => Verification::Foreign,
            (None, None) => Verification::Absent,
            (None, Some(cookie)) => match self.origins.require_same_origin(method, headers) {
                Ok(()) => sessions.verify(cookie),
                Err(error) => Verification::Ready(Err(error)),
            },
            (Some((_, verification)), None) => verification,
            (Some((token, verification)), Some(cookie)) if token == cookie => verification,
            (Some((_, Verification::Ready(Err(error)))), Some(_)) => {
                Verification::Ready(Err(error))
            }
            (Some((_, verification)), Some(cookie)) => both(verification, sessions.verify(cookie)),
        }
    }
}

fn both(bearer: Verification, cookie: Verification) -> Verification {
    match (bearer, cookie) {
        (Verification::Ready(bearer), Verification::Ready(cookie)) => {
            Verification::Ready(bearer.and_then(|bearer| beside(bearer, cookie)))
        }
        (bearer, cookie) => Verification::Pending(Box::pin(async move {
            let bearer = bearer
                .resolve()
                .await?
                .ok_or_else(Sessions::token_invalid)?;
            let cookie = cookie
                .resolve()
                .await
                .and_then(|found| found.ok_or_else(Sessions::token_invalid));
            beside(bearer, cookie)
        })),
    }
}

/// A good bearer beside a cookie. A cookie of no session is cleared; one that cannot be looked up now is left alone.
fn beside(mut bearer: Verified, cookie: Result<Verified>) -> Result<Verified> {
    match cookie {
        Ok(cookie) if cookie.user.session_id() == bearer.user.session_id() => {}
        Ok(_) => {
            let detail = "the bearer and the cookie are of different sessions";
            return Err(Error::new(ErrorKind::CredentialsConflict, detail));
        }
        Err(error) => bearer.clear_cookie = error.kind() == ErrorKind::TokenInvalid,
    }
    Ok(bearer)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
