//! What a browser carries through a login, sealed: nobody reads or changes it, and it opens for its own state only.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cookies::Cookies;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CorpId, SuiteId};
use crate::secret::LoginCode;
use crate::session::LoginType;
use crate::store::{KeyRing, Place, Sealed};
use crate::web::request::Headers;

/// A login under way is good for so long.
pub(super) const LOGIN_LIFE: Duration = Duration::from_mins(10);
/// Its cookie stays longer, so that who comes too late is led back to where they began.
pub(super) const LOGIN_KEPT: Duration = Duration::from_hours(1);
/// A choice among companies is good for as long as its login code.
pub(super) const CHOICE_LIFE: Duration = Duration::from_mins(5);

/// A browser carries at most so many logins under way, and at most so much: servers refuse long headers.
const MOST: usize = 8;
const LONGEST_TOGETHER: usize = 6000;

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
    pub(super) beginning: Beginning,
}

/// What was asked for, so that the next attempt can ask for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beginning {
    #[serde(rename = "r")]
    pub(super) return_to: String,
    #[serde(rename = "d")]
    pub(super) door: Door,
    /// The way, if it was named and not found by the browser that asked.
    #[serde(rename = "m")]
    pub(super) mode: Option<LoginType>,
}

impl Beginning {
    /// The query of the link that begins the same login anew.
    pub(super) fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = vec![("returnTo", self.return_to.as_str())];
        match &self.door {
            Door::Only => {}
            Door::CorpId(corp_id) => query.push(("corpId", corp_id.as_str())),
            Door::OrganizationCode(code) => query.push(("orgCode", code)),
        }
        query.extend(self.mode.map(|mode| ("mode", mode.as_str())));
        query
    }
}

/// How the company was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Door {
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
    #[serde(rename = "l", serialize_with = "LoginCode::exposed")]
    pub(super) login_code: LoginCode,
    #[serde(rename = "b")]
    pub(super) beginning: Beginning,
}

/// What is sealed, and as what.
pub(super) trait Pending: Serialize + DeserializeOwned {
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
        let text = keys.open(place(Self::KIND, &[state.as_bytes()]), &sealed).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl Pending for PendingLogin {
    const KIND: &'static str = "login";
}

impl Pending for PendingChoice {
    const KIND: &'static str = "choice";
}

/// No table has this name: what was sealed for a row does not open here, nor the other way round.
const fn place<'a>(kind: &'static str, state: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "(browser)", column: kind, key: state }
}

/// The logins under way that have to go, so that another one of `length` finds room: those that are none of ours or
/// are over, and then the oldest.
pub(super) fn surplus<'a>(
    cookies: Cookies,
    headers: &'a (impl Headers + ?Sized),
    keys: &KeyRing,
    now: Timestamp,
    length: usize,
) -> Vec<&'a str> {
    let mut carried: Vec<(Timestamp, &str, usize)> = cookies
        .states(headers)
        .into_iter()
        .map(|(state, content)| {
            let opened = PendingLogin::open(keys, state, content);
            let expires_at = opened.map(|login| login.expires_at).filter(|at| *at > now);
            (expires_at.unwrap_or_default(), state, content.len())
        })
        .collect();
    carried.sort_by_key(|(expires_at, ..)| std::cmp::Reverse(*expires_at));
    let (mut count, mut together) = (1, length);
    let mut surplus = Vec::new();
    for (expires_at, state, length) in carried {
        count += 1;
        together += length;
        if expires_at == Timestamp::default() || count > MOST || together > LONGEST_TOGETHER {
            surplus.push(state);
        }
    }
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DataKey;
    use crate::web::PublicUrl;

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
            beginning: Beginning {
                return_to: return_to.to_owned(),
                door: Door::OrganizationCode("Acme".to_owned()),
                mode: Some(LoginType::Workbench),
            },
        }
    }

    #[test]
    fn a_login_opens_for_its_own_state_only() {
        let login = login(1, "/a");
        let sealed = login.seal(&ring(), STATE).unwrap();
        assert_eq!(PendingLogin::open(&ring(), STATE, &sealed).as_ref(), Some(&login));
        assert_eq!(PendingLogin::open(&ring(), &STATE.replace('0', "1"), &sealed), None);
        assert_eq!(PendingChoice::open(&ring(), STATE, &sealed), None);
        let other = KeyRing::new(vec![DataKey::new([2; 32])]).unwrap();
        assert_eq!(PendingLogin::open(&other, STATE, &sealed), None);
        for broken in ["", "x", "=", &sealed[1..]] {
            assert_eq!(PendingLogin::open(&ring(), STATE, broken), None);
        }
    }

    #[test]
    fn a_choice_keeps_its_login_code_and_does_not_print_it() {
        let choice =
            PendingChoice { login_code: LoginCode::new("hush"), beginning: login(1, "/a").beginning };
        assert!(!format!("{choice:?}").contains("hush"));
        let sealed = choice.seal(&ring(), STATE).unwrap();
        assert_eq!(PendingChoice::open(&ring(), STATE, &sealed), Some(choice));
    }

    #[test]
    fn the_longest_login_fits_a_cookie() {
        let mut longest = login(i64::MAX, &format!("/{}", "a".repeat(1999)));
        longest.suite_id = SuiteId::new("s".repeat(64)).unwrap();
        longest.corp_id = CorpId::new("c".repeat(64)).unwrap();
        longest.beginning.door = Door::OrganizationCode("o".repeat(64));
        assert!(longest.seal(&ring(), STATE).unwrap().len() < 3500);
    }

    #[test]
    fn what_is_over_goes_first_and_then_the_oldest() {
        let cookies = Cookies::new(&PublicUrl::new("http://127.0.0.1").unwrap());
        let state = |number: usize| format!("{number:032x}");
        let line = |expiries: &[i64], return_to: &str| {
            let pairs = expiries.iter().enumerate().map(|(number, expires_at)| {
                let sealed = login(*expires_at, return_to).seal(&ring(), &state(number)).unwrap();
                format!("{}={sealed}", Cookies::state(&state(number)))
            });
            [("cookie".to_owned(), pairs.collect::<Vec<_>>().join("; ").into_bytes())]
        };
        let gone = |headers: &[(String, Vec<u8>)]| {
            let now = Timestamp::from_millis(100);
            let mut gone: Vec<_> =
                surplus(cookies, headers, &ring(), now, 300).into_iter().map(str::to_owned).collect();
            gone.sort();
            gone
        };
        assert!(gone(&line(&[200, 201, 202, 203, 204, 205, 206], "/")).is_empty());
        assert_eq!(gone(&line(&[205, 201, 202, 203, 204, 200, 206, 207], "/")), [state(5)]);
        assert_eq!(gone(&line(&[200, 99, 201], "/")), [state(1)]);
        let long = format!("/{}", "a".repeat(1900));
        assert_eq!(gone(&line(&[200, 201, 202], &long)), [state(0)]);
        let foreign = [("cookie".to_owned(), format!("{}=nonsense", Cookies::state(&state(7))).into_bytes())];
        assert_eq!(gone(&foreign), [state(7)]);
    }
}
