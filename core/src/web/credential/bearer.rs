//! The bearer of a request: of `Authorization`, or of a WebSocket's subprotocol.

use crate::error::{Error, ErrorKind};
use crate::session::Sessions;
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

/// The error of [`Bearer::Malformed`].
pub(in crate::web) fn malformed() -> Error {
    Error::new(
        ErrorKind::AuthorizationMalformed,
        "Authorization is empty, or was sent twice",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        lines
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    fn read<'a>(lines: &'a [(String, Vec<u8>)]) -> Bearer<'a> {
        bearer(lines)
    }

    #[test]
    fn a_bearer_is_read_leniently() {
        for line in ["Bearer tok", "bearer tok", "BEARER   tok ", "Bearer\ttok"] {
            assert_eq!(
                read(&headers(&[("authorization", line)])),
                Bearer::Token(b"tok"),
                "{line}"
            );
        }
        for line in ["Basic dXNlcjpwYXNz", "Bearertok", "Digest x", "beare tok"] {
            assert_eq!(
                read(&headers(&[("authorization", line)])),
                Bearer::Absent,
                "{line}"
            );
        }
        assert_eq!(read(&headers(&[])), Bearer::Absent);
        for line in ["", " ", "Bearer", "Bearer "] {
            assert_eq!(
                read(&headers(&[("authorization", line)])),
                Bearer::Malformed,
                "{line:?}"
            );
        }
        assert_eq!(
            read(&[("authorization".into(), b"Bearer \xff".to_vec())]),
            Bearer::Token(b"\xff")
        );
    }

    #[test]
    fn two_authorizations_are_malformed() {
        for (one, other) in [
            ("Bearer a", "Bearer a"),
            ("Basic a", "Bearer b"),
            ("Basic a", "Basic b"),
            ("", ""),
        ] {
            let two = headers(&[("authorization", one), ("authorization", other)]);
            assert_eq!(read(&two), Bearer::Malformed, "{one} {other}");
        }
    }

    #[test]
    fn a_subprotocol_is_read_unless_authorization_has_a_token_of_our_shape() {
        let own = format!("Bearer wl_{}", "x".repeat(43));
        let subprotocol = ("sec-websocket-protocol", "chat, wecom-login.bearer.tok");
        let with = |lines: &[(&str, &str)]| headers(&[lines, &[subprotocol]].concat());
        assert_eq!(read(&with(&[])), Bearer::Subprotocol(b"tok"));
        for foreign in ["Bearer eyJ.eyJ.x", "Basic YTpi"] {
            assert_eq!(
                read(&with(&[("authorization", foreign)])),
                Bearer::Subprotocol(b"tok")
            );
        }
        assert_eq!(
            read(&with(&[("authorization", &own)])),
            Bearer::Token(&own.as_bytes()[7..])
        );
        let two = headers(&[subprotocol, subprotocol]);
        assert_eq!(read(&two), Bearer::Malformed);
    }

    proptest! {
        #[test]
        fn no_header_panics(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = token(&value);
        }
    }
}
