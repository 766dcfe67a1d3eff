//! What a browser carries through a login, sealed: nobody reads or changes it, and it opens for its own state only.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::LoginType;
use crate::domain::{CorpId, SuiteId};
use crate::domain::{LoginCode, serialize_exposed};
use crate::error::{Error, ErrorKind, Result};
use crate::vault::{AadContext, KeyRing};
use crate::web::browser::cookies::{BrowserCookies, FlowStage};
use crate::web::request::Headers;

/// A login under way is good for so long.
pub(super) const LOGIN_TTL: Duration = Duration::from_mins(10);
/// Its cookie stays longer, so that who comes too late is led back to where they began.
pub(super) const LOGIN_COOKIE_MAX_AGE: Duration = Duration::from_hours(1);
/// A choice among companies is good for as long as its login code.
pub(super) const CHOICE_TTL: Duration = Duration::from_mins(5);

/// A browser carries at most so many logins under way, and at most so much: servers refuse long headers.
const MAX_FLOW_COOKIES: usize = 8;
const MAX_FLOW_COOKIES_BYTES: usize = 6000;

/// A login that left for WeCom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingLogin {
    #[serde(rename = "s")]
    pub(super) suite_id: SuiteId,
    #[serde(rename = "c")]
    pub(super) corp_id: CorpId,
    /// The epoch of the authorisation: a login under way ends with it.
    #[serde(rename = "e")]
    pub(super) epoch: i64,
    #[serde(rename = "t")]
    pub(super) login_type: LoginType,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "b")]
    pub(super) login_request: LoginRequest,
}

/// What was asked for, so that the next attempt can ask for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LoginRequest {
    #[serde(rename = "r")]
    pub(super) return_to: String,
    #[serde(rename = "d")]
    pub(super) corp_selector: CorpSelector,
    /// The way, if it was named and not found by the browser that asked.
    #[serde(rename = "m")]
    pub(super) mode: Option<LoginType>,
}

impl LoginRequest {
    /// The query of the link that begins the same login anew.
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

/// How the company was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CorpSelector {
    /// It is the only one of this service.
    #[serde(rename = "o")]
    Only,
    #[serde(rename = "i")]
    CorpId(CorpId),
    #[serde(rename = "c")]
    OrganizationCode(String),
}

/// A person who was proven and may enter several companies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingChoice {
    #[serde(rename = "l", serialize_with = "serialize_exposed")]
    pub(super) login_code: LoginCode,
    #[serde(rename = "x")]
    pub(super) expires_at: Timestamp,
    #[serde(rename = "b")]
    pub(super) login_request: LoginRequest,
}

/// What is sealed, and as what.
pub(super) trait FlowPayload: Serialize + DeserializeOwned {
    const KIND: &'static str;

    fn seal(&self, keys: &KeyRing, state: &str) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a login cannot be written").with_source(error)
        })?;
        Ok(URL_SAFE_NO_PAD.encode(keys.seal(place(Self::KIND, &[state.as_bytes()]), &text)?.0))
    }

    /// `None`: we did not seal it, or not for this state.
    fn open(keys: &KeyRing, state: &str, content: &str) -> Option<Self> {
        let sealed = Sealed(URL_SAFE_NO_PAD.decode(content).ok()?);
        let text = keys
            .open(place(Self::KIND, &[state.as_bytes()]), &sealed)
            .ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl FlowPayload for PendingLogin {
    const KIND: &'static str = "login";
}

impl FlowPayload for PendingChoice {
    const KIND: &'static str = "choice";
}

/// No table has this name: what was sealed for a row does not open here, nor the other way round.
const fn place<'a>(kind: &'static str, state: &'a [&'a [u8]]) -> AadContext<'a> {
    AadContext {
        table: "(browser)",
        column: kind,
        key: state,
    }
}

/// The names of the cookies that have to go, so that another one of `length` finds room: those of logins that are over,
/// then what does not open, then the oldest. What does not open may be of another service on this host: it is left
/// alone while there is room.
pub(super) fn cookies_to_evict(
    cookies: BrowserCookies<'_>,
    headers: &(impl Headers + ?Sized),
    keys: &KeyRing,
    now: Timestamp,
    length: usize,
) -> Vec<String> {
    let mut carried: Vec<(Option<Timestamp>, String, usize)> = cookies
        .flow_cookies(headers)
        .into_iter()
        .map(|one| {
            let expires_at = match one.stage {
                FlowStage::Login => {
                    PendingLogin::open(keys, one.state, one.content).map(|login| login.expires_at)
                }
                FlowStage::Choice => PendingChoice::open(keys, one.state, one.content)
                    .map(|choice| choice.expires_at),
            };
            (expires_at, one.name(), one.content.len())
        })
        .collect();
    // The newest first; what does not open last.
    carried.sort_by_key(|(expires_at, ..)| std::cmp::Reverse(*expires_at));
    let (mut count, mut together) = (1, length);
    let mut cookies_to_evict = Vec::new();
    for (expires_at, name, length) in carried {
        if expires_at.is_some_and(|at| at <= now) {
            cookies_to_evict.push(name);
            continue;
        }
        count += 1;
        together += length;
        if count > MAX_FLOW_COOKIES || together > MAX_FLOW_COOKIES_BYTES {
            cookies_to_evict.push(name);
        }
    }
    cookies_to_evict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::DataKey;
    use crate::web::PublicUrl;
    use crate::web::cookie::CookieNames;

    const STATE: &str = "0123456789abcdef0123456789abcdef";

    fn ring() -> KeyRing {
        KeyRing::new(vec![DataKey::new([1; 32])]).unwrap()
    }

    fn login(expires_at: i64, return_to: &str) -> PendingLogin {
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
        }
    }

    #[test]
    fn a_login_opens_for_its_own_state_only() {
        let login = login(1, "/a");
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

    #[test]
    fn a_choice_keeps_its_login_code_and_does_not_print_it() {
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
    fn the_longest_login_fits_a_cookie() {
        let mut longest = login(i64::MAX, &format!("/{}", "a".repeat(1999)));
        longest.suite_id = SuiteId::new("s".repeat(64)).unwrap();
        longest.corp_id = CorpId::new("c".repeat(64)).unwrap();
        longest.login_request.corp_selector = CorpSelector::OrganizationCode("o".repeat(64));
        assert!(longest.seal(&ring(), STATE).unwrap().len() < 3500);
    }

    #[test]
    fn what_is_over_goes_first_and_then_the_oldest() {
        let names = CookieNames::new(&PublicUrl::new("http://127.0.0.1").unwrap());
        let state = |number: usize| format!("{number:032x}");
        let pair = |name: &str, content: &str| format!("wecom_{name}={content}");
        let logins = |expiries: &[i64], return_to: &str| -> Vec<String> {
            let sealed = |(number, expires_at): (usize, &i64)| {
                let content = login(*expires_at, return_to)
                    .seal(&ring(), &state(number))
                    .unwrap();
                pair(&BrowserCookies::login_cookie(&state(number)), &content)
            };
            expiries.iter().enumerate().map(sealed).collect()
        };
        let gone = |pairs: &[String]| {
            let headers = [("cookie".to_owned(), pairs.join("; ").into_bytes())];
            let now = Timestamp::from_millis(100);
            let mut gone = cookies_to_evict(
                BrowserCookies::new(&names),
                headers.as_slice(),
                &ring(),
                now,
                300,
            );
            gone.sort();
            gone
        };
        let (login_of, choice_of) = (
            |number| BrowserCookies::login_cookie(&state(number)),
            |number| BrowserCookies::choice_cookie(&state(number)),
        );
        assert!(gone(&logins(&[200, 201, 202, 203, 204, 205, 206], "/")).is_empty());
        assert_eq!(
            gone(&logins(&[205, 201, 202, 203, 204, 200, 206, 207], "/")),
            [login_of(5)]
        );
        assert_eq!(gone(&logins(&[200, 99, 201], "/")), [login_of(1)]);
        let long = format!("/{}", "a".repeat(1900));
        assert_eq!(gone(&logins(&[200, 201, 202], &long)), [login_of(0)]);

        // Choices are counted with them.
        let choice = |expires_at| {
            let expires_at = Timestamp::from_millis(expires_at);
            let login_request = login(1, "/").login_request;
            let choice = PendingChoice {
                login_code: LoginCode::new("code"),
                expires_at,
                login_request,
            };
            pair(&choice_of(9), &choice.seal(&ring(), &state(9)).unwrap())
        };
        let mut seven = logins(&[200, 201, 202, 203, 204, 205, 206], "/");
        seven.push(choice(100));
        assert_eq!(gone(&seven), [choice_of(9)], "it is over");
        seven[7] = choice(300);
        assert_eq!(gone(&seven), [login_of(0)]);

        // What another service put there stays, unless all of it becomes too much.
        let foreign = pair(&login_of(8), "nonsense");
        assert!(gone(std::slice::from_ref(&foreign)).is_empty());
        seven[7] = foreign;
        assert_eq!(gone(&seven), [login_of(8)]);
    }
}
