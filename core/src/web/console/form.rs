//! The tokens of forms, and what a POST did: both are sealed, for the login that they are made in.
//!
//! Another site can neither read a token from a page of ours nor make one. That holds where a browser sends no
//! `Sec-Fetch-Site`, and for the pages of origins that the host app allows, too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::error::{Error, ErrorKind, Result};
use crate::vault::{AadContext, KeyRing};
use crate::web::console::request::ConsoleRequest;

/// The place of `AadContext::table` in the associated data: no table and no cookie of the login has this name.
pub(super) const CONSOLE_NAMESPACE: &str = "(console)";

/// What a POST did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    CorpRead,
    Decided,
    SessionsEnded,
    AliasAdded,
    CodeSet,
    CodeDeleted,
    Erased,
    Retried,
    Released,
    Link {
        url: String,
        expires_at: Timestamp,
    },
    Rotated {
        resealed: u64,
        unreadable: u64,
        retired: u64,
        still_active: u64,
    },
}

impl Outcome {
    pub(super) fn seal(&self, keys: &KeyRing, form_key: &str) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "an outcome cannot be serialized").with_source(error)
        })?;
        seal(keys, "outcome", form_key, &text)
    }

    /// `None` if it was not sealed by us for this login.
    pub(super) fn open(keys: &KeyRing, form_key: &str, sealed: &str) -> Option<Self> {
        serde_json::from_slice(&open(keys, "outcome", form_key, sealed)?).ok()
    }
}

/// The token of a form of this login.
pub(super) fn issue_token(keys: &KeyRing, form_key: &str) -> Result<String> {
    seal(keys, "form", form_key, b"")
}

/// Checks that a form was made by us, in this login.
///
/// # Errors
/// `CROSS_SITE`.
pub(super) fn check_token(
    console: &ConsoleRequest<'_>,
    form_key: &str,
    token: Option<&str>,
) -> Result<()> {
    let opened = token.and_then(|token| open(&console.deps.keys, "form", form_key, token));
    match opened {
        Some(_) => Ok(()),
        None => Err(Error::new(
            ErrorKind::CrossSite,
            "formToken is missing, or of another login",
        )),
    }
}

/// Seals a text of this kind under the data keys, for one purpose and key only.
pub(super) fn seal(
    keys: &KeyRing,
    kind: &'static str,
    key: impl AsRef<[u8]>,
    text: &[u8],
) -> Result<String> {
    let sealed = keys.seal(aad_context(kind, &[key.as_ref()]), text)?;
    Ok(URL_SAFE_NO_PAD.encode(sealed.0))
}

pub(super) fn open(
    keys: &KeyRing,
    kind: &'static str,
    key: impl AsRef<[u8]>,
    sealed: &str,
) -> Option<Vec<u8>> {
    let sealed = Sealed(URL_SAFE_NO_PAD.decode(sealed).ok()?);
    let opened = keys.open(aad_context(kind, &[key.as_ref()]), &sealed);
    opened.ok().map(|text| text.to_vec())
}

const fn aad_context<'a>(kind: &'static str, key: &'a [&'a [u8]]) -> AadContext<'a> {
    AadContext {
        table: CONSOLE_NAMESPACE,
        column: kind,
        key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::DataKey;

    fn ring(seed: u8) -> KeyRing {
        KeyRing::new(vec![DataKey::new([seed; 32])]).unwrap()
    }

    #[test]
    fn token_is_of_one_login_and_one_purpose() {
        let token = issue_token(&ring(1), "login-1").unwrap();
        assert!(open(&ring(1), "form", "login-1", &token).is_some());
        assert!(open(&ring(1), "form", "login-2", &token).is_none());
        assert!(open(&ring(1), "outcome", "login-1", &token).is_none());
        assert!(open(&ring(2), "form", "login-1", &token).is_none());
        for broken in ["", "x", "=", &token[1..]] {
            assert!(open(&ring(1), "form", "login-1", broken).is_none());
        }
    }

    #[test]
    fn outcome_survives_its_sealed_form() {
        let outcome = Outcome::Link {
            url: "https://open.work.weixin.qq.com/x?y".to_owned(),
            expires_at: Timestamp::from_millis(5),
        };
        let sealed = outcome.seal(&ring(1), "login-1").unwrap();
        assert_eq!(Outcome::open(&ring(1), "login-1", &sealed), Some(outcome));
        assert_eq!(Outcome::open(&ring(1), "login-2", &sealed), None);
    }
}
