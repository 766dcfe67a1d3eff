//! The credentials of a request: a bearer token (RFC 6750) or the session cookie.
//!
//! A machine's session is a bearer alone: in a cookie it is bad. A bearer is ours by its shape and its tag. Any other is the host app's own, such as a gateway's: it neither proves
//! nor spoils anything beside a cookie.

mod bearer;

pub(super) use bearer::malformed;
pub(crate) use bearer::{Bearer, bearer};

use crate::error::{Error, ErrorKind, Result};
use crate::session::{Sessions, Verification, Verified};
use crate::web::config::HttpConfig;
use crate::web::navigation::is_navigation;
use crate::web::request::Headers;

/// Session cookies of one request that are looked at.
const MAX_COOKIES: usize = 4;

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
        let mut cookies = self.cookie.tokens(headers);
        match (bearer, cookies.next()) {
            (None, None) if is_foreign => Verification::Foreign,
            (None, None) => Verification::Absent,
            (None, Some(cookie)) => match self.origins.require_same_origin(method, headers) {
                Ok(()) => verify_cookies(sessions, cookie, cookies),
                Err(error) => Verification::Ready(Err(error)),
            },
            (Some((_, verification)), None) => verification,
            (Some((token, verification)), Some(cookie)) if token == cookie => verification,
            (Some((_, Verification::Ready(Err(error)))), Some(_)) => {
                Verification::Ready(Err(error))
            }
            (Some((_, verification)), Some(cookie)) => {
                let cookie = verify_cookies(sessions, cookie, cookies);
                both(verification, cookie, is_navigation(headers))
            }
        }
    }

    /// The session of the session cookie.
    pub(crate) fn verify_cookie(
        &self,
        sessions: &Sessions,
        headers: &(impl Headers + ?Sized),
    ) -> Verification {
        let mut cookies = self.cookie.tokens(headers);
        match cookies.next() {
            Some(cookie) => verify_cookies(sessions, cookie, cookies),
            None => Verification::Absent,
        }
    }
}

/// The session of a person by the token of a cookie: a program sends no cookies, and a page that made a browser keep a
/// machine's token would act as the machine in every visitor's browser.
fn verify_cookie(sessions: &Sessions, token: &[u8]) -> Verification {
    sessions
        .verify(token)
        .without_machines(Sessions::token_invalid)
}

/// The session of the first cookie that has one. A stale cookie of our name must not stand in the way of the good one.
fn verify_cookies<'a>(
    sessions: &Sessions,
    first: &[u8],
    others: impl Iterator<Item = &'a [u8]>,
) -> Verification {
    let first = verify_cookie(sessions, first);
    if matches!(first, Verification::Ready(Ok(_))) {
        return first;
    }
    let mut pending = Vec::new();
    let mut found = first;
    for other in others.take(MAX_COOKIES - 1) {
        match verify_cookie(sessions, other) {
            Verification::Ready(Ok(verified)) => return Verification::Ready(Ok(verified)),
            other => pending.push(std::mem::replace(&mut found, other)),
        }
    }
    if pending.is_empty() {
        return found;
    }
    pending.push(found);
    Verification::Pending(Box::pin(async move {
        let mut outcome = Err(Sessions::token_invalid());
        for cookie in pending {
            match cookie.resolve().await {
                Ok(Some(verified)) => return Ok(verified),
                Ok(None) => {}
                // That one cannot be looked up now says more than that another one is bad.
                Err(error) if error.kind() == ErrorKind::TokenInvalid => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }))
}

fn both(bearer: Verification, cookie: Verification, navigates: bool) -> Verification {
    match (bearer, cookie) {
        (Verification::Ready(bearer), Verification::Ready(cookie)) => {
            Verification::Ready(bearer.and_then(|bearer| beside(bearer, cookie, navigates)))
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
            beside(bearer, cookie, navigates)
        })),
    }
}

/// A good bearer beside a cookie. Where a person navigates, a cookie of no session is cleared; one that cannot be looked up
/// now is left alone.
fn beside(mut bearer: Verified, cookie: Result<Verified>, navigates: bool) -> Result<Verified> {
    match cookie {
        Ok(cookie) if cookie.user.session_id() == bearer.user.session_id() => {}
        Ok(_) => {
            let detail = "the bearer and the cookie are of different sessions";
            return Err(Error::new(ErrorKind::CredentialsConflict, detail));
        }
        Err(error) => {
            bearer.clear_cookie = navigates && error.kind() == ErrorKind::TokenInvalid;
        }
    }
    Ok(bearer)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
