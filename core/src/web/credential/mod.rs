//! The credentials of a request: a bearer token (RFC 6750) or the session cookie.

use crate::error::{Error, ErrorKind, Result};
use crate::session::{Sessions, Verification, Verified};
use crate::web::config::HttpConfig;
use crate::web::navigation::is_navigation;
use crate::web::origin;
use crate::web::request::Headers;

/// A longer `Authorization` is not looked into.
const LONGEST_HEADER: usize = 4096;
/// Session cookies of one request that are looked at.
const MAX_COOKIES: usize = 4;

/// The credential of ours in the `Authorization` headers of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    /// None, or another scheme, which is the host app's business.
    Absent,
    /// A token, or what pretends to be one.
    Token(&'a [u8]),
    /// A bearer without a token, too long, or one header of several.
    Bad,
}

/// Reads `Authorization: Bearer …`; the scheme has no case (RFC 9110, 11.1).
pub(crate) fn bearer(headers: &(impl Headers + ?Sized)) -> Bearer<'_> {
    let mut found = Bearer::Absent;
    let mut count = 0;
    for value in headers.values("authorization") {
        count += 1;
        match token(value) {
            Bearer::Absent => {}
            bearer => found = bearer,
        }
    }
    if count > 1 && found != Bearer::Absent {
        Bearer::Bad
    } else {
        found
    }
}

fn token(value: &[u8]) -> Bearer<'_> {
    let value = value.trim_ascii();
    let end = value
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(value.len());
    let (scheme, token) = value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Bearer::Absent;
    }
    match token.trim_ascii() {
        token if token.is_empty() || value.len() > LONGEST_HEADER => Bearer::Bad,
        token => Bearer::Token(token),
    }
}

impl HttpConfig {
    /// Who sent the request. A bearer goes before a cookie; a cookie authenticates unsafe methods only from our own
    /// pages. For a session in memory nothing is allocated.
    pub(crate) fn verify(
        &self,
        sessions: &Sessions,
        method: &str,
        headers: &(impl Headers + ?Sized),
    ) -> Verification {
        let mut cookies = self.cookie.tokens(headers);
        match (bearer(headers), cookies.next()) {
            (Bearer::Bad, _) => Verification::Ready(Err(Sessions::token_invalid())),
            (Bearer::Absent, None) => Verification::Absent,
            (Bearer::Absent, Some(cookie)) => {
                match origin::require_same_origin(method, headers, &self.public_url) {
                    Ok(()) => verify_cookies(sessions, cookie, cookies),
                    Err(error) => Verification::Ready(Err(error)),
                }
            }
            (Bearer::Token(token), None) => sessions.verify(token),
            (Bearer::Token(token), Some(cookie)) if token == cookie => sessions.verify(token),
            (Bearer::Token(token), Some(cookie)) => match sessions.verify(token) {
                Verification::Ready(Err(error)) => Verification::Ready(Err(error)),
                bearer => {
                    let cookie = verify_cookies(sessions, cookie, cookies);
                    both(bearer, cookie, is_navigation(headers))
                }
            },
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

/// The session of the first cookie that has one. A stale cookie of our name must not stand in the way of the good one.
fn verify_cookies<'a>(
    sessions: &Sessions,
    first: &[u8],
    others: impl Iterator<Item = &'a [u8]>,
) -> Verification {
    let first = sessions.verify(first);
    if matches!(first, Verification::Ready(Ok(_))) {
        return first;
    }
    let mut pending = Vec::new();
    let mut found = first;
    for other in others.take(MAX_COOKIES - 1) {
        match sessions.verify(other) {
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
