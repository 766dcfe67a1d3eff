//! A login under way and a choice of corp under way, as the browser keeps them: sealed, so that nobody reads or changes
//! them, and bound to their own `state`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{CorpId, FlowSecret, LoginCode, LoginType, SuiteId, serialize_exposed};
use crate::error::{Error, ErrorKind, Result};
use crate::login::LINK_TICKET_TTL;
use crate::vault::{AadContext, KeyRing};

/// How long a login may take.
pub(super) const LOGIN_TTL: Duration = Duration::from_mins(10);
/// The cookie outlives the login by 50 min so an expired attempt can still offer "try again" with the original target.
pub(super) const LOGIN_COOKIE_MAX_AGE: Duration = Duration::from_hours(1);
/// How long the cookie of a login that came to its end stays: it recognizes the repeats of the callback, and leads a
/// person who goes back to where they were going.
pub(super) const FINISHED_LOGIN_COOKIE_MAX_AGE: Duration = Duration::from_mins(10);
/// How long a choice of corp may take: as long as its login code is valid.
pub(super) const CHOICE_TTL: Duration = Duration::from_mins(5);
/// How long the host app has to find out who the person is.
pub(super) const LINK_TTL: Duration = LINK_TICKET_TTL;

/// The place of `AadContext::table` in the associated data. No table has this name, so neither a sealed row opens as a
/// cookie nor a cookie as a row.
const COOKIE_NAMESPACE: &str = "(browser)";

/// A login whose browser was sent to WeCom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingLogin {
    #[serde(rename = "s")]
    pub(super) suite_id: SuiteId,
    #[serde(rename = "c")]
    pub(super) corp_id: CorpId,
    /// The epoch of the corp's authorization when the login started: a newer epoch ends the login.
    #[serde(rename = "e")]
    pub(super) epoch: i64,
    #[serde(rename = "t")]
    pub(super) login_type: LoginType,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "b")]
    pub(super) login_request: LoginRequest,
    /// `None` in the cookie of an earlier version.
    #[serde(
        rename = "k",
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_secret"
    )]
    pub(super) secret: Option<FlowSecret>,
}

/// What `GET /login` was asked for, so that the next attempt can ask for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LoginRequest {
    #[serde(rename = "r")]
    pub(super) return_to: String,
    #[serde(rename = "d")]
    pub(super) corp_selector: CorpSelector,
    /// The `mode` parameter; `None` where the browser decided.
    #[serde(rename = "m")]
    pub(super) mode: Option<LoginType>,
}

impl LoginRequest {
    /// The query of the link that starts the same login again.
    pub(super) fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = vec![("returnTo", self.return_to.as_str())];
        match &self.corp_selector {
            CorpSelector::Only => {}
            CorpSelector::CorpId(corp_id) => query.push(("corpId", corp_id.as_str())),
            CorpSelector::OrganizationCode(code) => query.push(("orgCode", code)),
        }
        query.extend(self.mode.map(|mode| ("mode", mode.as_str())));
        query
    }
}

/// How the corp was selected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CorpSelector {
    /// The service has one corp only.
    #[serde(rename = "o")]
    Only,
    #[serde(rename = "i")]
    CorpId(CorpId),
    #[serde(rename = "c")]
    OrganizationCode(String),
}

/// An authenticated member who may enter several corps and has not chosen yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingChoice {
    #[serde(rename = "l", serialize_with = "serialize_exposed")]
    pub(super) login_code: LoginCode,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "b")]
    pub(super) login_request: LoginRequest,
}

/// An authenticated member whose user the host app finds out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingLink {
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "b")]
    pub(super) login_request: LoginRequest,
}

fn serialize_secret<S: Serializer>(
    secret: &Option<FlowSecret>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serialize_exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// The content of a flow cookie: sealed for one `state` and one kind.
pub(super) trait FlowPayload: Serialize + DeserializeOwned {
    const KIND: &'static str;

    fn seal(&self, keys: &KeyRing, state: &str) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a flow cookie cannot be serialized").with_source(error)
        })?;
        let sealed = keys.seal(aad_context(Self::KIND, &[state.as_bytes()]), &text)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed.0))
    }

    /// `None` if the content was not sealed under these keys for this kind and state.
    fn open(keys: &KeyRing, state: &str, content: &str) -> Option<Self> {
        let sealed = Sealed(URL_SAFE_NO_PAD.decode(content).ok()?);
        let text = keys
            .open(aad_context(Self::KIND, &[state.as_bytes()]), &sealed)
            .ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl FlowPayload for PendingLogin {
    const KIND: &'static str = "login";
}

impl FlowPayload for PendingLink {
    const KIND: &'static str = "link";
}

impl FlowPayload for PendingChoice {
    const KIND: &'static str = "choice";
}

const fn aad_context<'a>(kind: &'static str, state: &'a [&'a [u8]]) -> AadContext<'a> {
    AadContext {
        table: COOKIE_NAMESPACE,
        column: kind,
        key: state,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::vault::DataKey;

    const STATE: &str = "0123456789abcdef0123456789abcdef";

    pub(in crate::web::browser) fn ring() -> KeyRing {
        KeyRing::new(vec![DataKey::new([1; 32])]).unwrap()
    }

    pub(in crate::web::browser) fn login(expires_at: i64, return_to: &str) -> PendingLogin {
        PendingLogin {
            suite_id: SuiteId::new("dk1").unwrap(),
            corp_id: CorpId::new("ww1").unwrap(),
            epoch: 3,
            login_type: LoginType::Workbench,
            expires_at: Timestamp::from_millis(expires_at),
            login_request: LoginRequest {
                return_to: return_to.to_owned(),
                corp_selector: CorpSelector::OrganizationCode("Acme".to_owned()),
                mode: Some(LoginType::Workbench),
            },
            secret: None,
        }
    }

    #[test]
    fn login_opens_for_its_own_kind_state_and_key_only() {
        let mut login = login(1, "/a");
        login.secret = Some(FlowSecret::new("hush"));
        assert!(!format!("{login:?}").contains("hush"));
        let sealed = login.seal(&ring(), STATE).unwrap();
        assert_eq!(
            PendingLogin::open(&ring(), STATE, &sealed).as_ref(),
            Some(&login)
        );
        assert_eq!(
            PendingLogin::open(&ring(), &STATE.replace('0', "1"), &sealed),
            None
        );
        assert_eq!(PendingChoice::open(&ring(), STATE, &sealed), None);
        let other = KeyRing::new(vec![DataKey::new([2; 32])]).unwrap();
        assert_eq!(PendingLogin::open(&other, STATE, &sealed), None);
        for broken in ["", "x", "=", &sealed[1..]] {
            assert_eq!(PendingLogin::open(&ring(), STATE, broken), None);
        }
    }

    /// A browser may come back with the cookie of an earlier version.
    #[test]
    fn login_opens_as_version_0_1_0_sealed_it() {
        const SEALED: &str = "AV9hb-DWa9Uzmz8GAjY_d7WJ7QSJsjqUh1wLXTVJTR4Sy2ixcjDoPvWjC6Dm-eau_ZMJ8U4jVHdB\
                      cuI5yemAPzyEYaO6V2Kt4Jt2f5sMlafQ5gYfETcNa7ePgExHkd0G2CxxO5wUnN4QDYEMnaW7qz4p\
                      XABBu9oV_PCtSstmjusQwOFr-A4Gu6MtOplgoJuw0pA";
        assert_eq!(
            PendingLogin::open(&ring(), STATE, SEALED),
            Some(login(1, "/a"))
        );
    }

    #[test]
    fn choice_keeps_its_login_code_and_does_not_print_it() {
        let expires_at = Timestamp::from_millis(200);
        let login_request = login(1, "/a").login_request;
        let choice = PendingChoice {
            login_code: LoginCode::new("hush"),
            expires_at,
            login_request,
        };
        assert!(!format!("{choice:?}").contains("hush"));
        let sealed = choice.seal(&ring(), STATE).unwrap();
        assert_eq!(PendingChoice::open(&ring(), STATE, &sealed), Some(choice));
    }

    #[test]
    fn longest_login_fits_a_cookie() {
        let mut longest = login(i64::MAX, &format!("/{}", "a".repeat(1999)));
        longest.suite_id = SuiteId::new("s".repeat(64)).unwrap();
        longest.corp_id = CorpId::new("c".repeat(64)).unwrap();
        longest.secret = Some(FlowSecret::new("k".repeat(32)));
        longest.login_request.corp_selector = CorpSelector::OrganizationCode("o".repeat(64));
        assert!(longest.seal(&ring(), STATE).unwrap().len() < 3500);
    }
}
