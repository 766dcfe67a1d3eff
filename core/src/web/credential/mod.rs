//! The credentials of a request: a bearer token (RFC 6750) or the session cookie.
//!
//! A bearer is ours by its shape and its tag. Any other is the host app's own, such as a gateway's: it neither proves
//! nor spoils anything beside a cookie.

use crate::error::{Error, ErrorKind, Result};
use crate::session::{Sessions, Verification, Verified};
use crate::web::config::HttpConfig;
use crate::web::request::Headers;
use crate::web::websocket;

/// The bearer of a request, by whichever way it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    /// None, or another scheme, which is the host app's business.
    Absent,
    /// A token of `Authorization`, ours or the host app's.
    Token(&'a [u8]),
    /// A token of a WebSocket's subprotocol, which is named after us.
    Subprotocol(&'a [u8]),
    /// An empty `Authorization`, or more than one.
    Malformed,
}

impl Bearer<'_> {
    /// Whether it has the shape of our tokens, or claims to be one: what the host app's own bearers have not.
    pub(crate) fn claims_to_be_ours(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::Token(token) => Sessions::has_token_format(token),
            Self::Subprotocol(_) | Self::Malformed => true,
        }
    }
}

/// Reads the bearer of `Authorization`, or else that of a WebSocket's subprotocol.
pub(crate) fn bearer(headers: &(impl Headers + ?Sized)) -> Bearer<'_> {
    match authorization(headers) {
        Bearer::Token(token) if Sessions::has_token_format(token) => Bearer::Token(token),
        Bearer::Malformed => Bearer::Malformed,
        other => match websocket::bearer(headers) {
            Ok(None) => other,
            Ok(Some(token)) => Bearer::Subprotocol(token),
            Err(()) => Bearer::Malformed,
        },
    }
}

/// Reads `Authorization: Bearer …`; the scheme has no case (RFC 9110, 11.1).
fn authorization(headers: &(impl Headers + ?Sized)) -> Bearer<'_> {
    let mut values = headers.values("authorization");
    match (values.next(), values.next()) {
        (None, _) => Bearer::Absent,
        (Some(value), None) => token(value),
        (Some(_), Some(_)) => Bearer::Malformed,
    }
}

fn token(value: &[u8]) -> Bearer<'_> {
    let value = value.trim_ascii();
    let end = value
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(value.len());
    let (scheme, token) = value.split_at(end);
    if scheme.is_empty() {
        return Bearer::Malformed;
    }
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Bearer::Absent;
    }
    match token.trim_ascii() {
        [] => Bearer::Malformed,
        token => Bearer::Token(token),
    }
}

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

/// The error of [`Bearer::Malformed`].
pub(super) fn malformed() -> Error {
    Error::new(
        ErrorKind::AuthorizationMalformed,
        "Authorization is empty, or was sent twice",
    )
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
