//! WeCom's error numbers.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::wecom::fields::number;

mod classes;
mod hints;

/// The `errcode` of a response (D/96213). The text next to it, `errmsg`, changes without notice and is never read.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errcode(i64);

macro_rules! errcodes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// The numbers that this crate distinguishes.
        impl Errcode {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// Every one of them.
            const KNOWN: &[Self] = &[$(Self::$name),*];
        }
    };
}

errcodes! {
    /// No error.
    OK = 0;
    /// The system is busy; the call may or may not have been carried out.
    BUSY = -1;
    /// Another call changes the same data; the call may or may not have been carried out.
    VERSION_CONFLICT = 6000;
    /// The secret does not belong to the id: mistyped, or reset, or the app is disabled.
    INVALID_CREDENTIAL = 40001;
    /// The corpid is wrong.
    INVALID_CORP_ID = 40013;
    /// The access token is wrong, or was invalidated early.
    INVALID_ACCESS_TOKEN = 40014;
    /// The OAuth code is wrong, used, too old or of another app.
    INVALID_CODE = 40029;
    /// The agentid is wrong.
    INVALID_AGENT_ID = 40056;
    /// The AuthCode of an authorization is wrong, used or too old.
    INVALID_AUTH_CODE = 40078;
    /// The suite or provider access token is wrong, or was invalidated early.
    INVALID_SUITE_TOKEN = 40082;
    /// The suite_id is wrong.
    INVALID_SUITE_ID = 40083;
    /// The permanent code is wrong, or the corp cancelled the authorization.
    INVALID_PERMANENT_CODE = 40084;
    /// The suite_ticket is wrong or too old.
    INVALID_SUITE_TICKET = 40085;
    /// The secret belongs to another corp.
    SECRET_CORP_MISMATCH = 40091;
    /// No agentid was sent.
    AGENT_ID_MISSING = 41011;
    /// No suite_id was sent.
    SUITE_ID_MISSING = 41021;
    /// No suite_ticket was sent.
    SUITE_TICKET_MISSING = 41023;
    /// No permanent code was sent.
    PERMANENT_CODE_MISSING = 41025;
    /// The access token is too old.
    ACCESS_TOKEN_EXPIRED = 42001;
    /// The OAuth code is too old.
    CODE_EXPIRED = 42003;
    /// The suite access token is too old.
    SUITE_TOKEN_EXPIRED = 42009;
    /// The OAuth code was used before.
    CODE_USED = 42022;
    /// Too many calls; WeCom refuses more for a minute, an hour or a day (D/96212).
    RATE_LIMIT = 45009;
    /// Too many calls at the same time.
    CONCURRENCY_LIMIT = 45033;
    /// The app may not make this call; also: a 代开发 app made a call of third-party apps.
    API_FORBIDDEN = 48002;
    /// The suite access token is not one of this suite.
    SUITE_MISMATCH = 48003;
    /// The corp has not authorized the suite, or no longer does.
    AUTHORIZATION_INVALID = 48004;
    /// The permissions were withdrawn because they were not used for long.
    PERMISSION_WITHDRAWN = 48006;
    /// The redirect_uri is not at the trusted domain of the app.
    UNTRUSTED_REDIRECT_DOMAIN = 50001;
    /// The member is outside the visible range of the app.
    NOT_IN_VISIBLE_RANGE = 50002;
    /// The corp has switched the app off.
    APP_DISABLED = 50003;
    /// The app may not see this member.
    MEMBER_FORBIDDEN = 60011;
    /// The address the call came from is not on the provider's list.
    IP_NOT_ALLOWED = 60020;
    /// There is no such userid, or the app does not see it.
    USER_ID_NOT_FOUND = 60111;
    /// The user ticket is too old.
    USER_TICKET_EXPIRED = 84014;
    /// The user ticket is wrong.
    INVALID_USER_TICKET = 84015;
    /// The token has no right on this agentid.
    AGENT_FORBIDDEN = 301002;
    /// The app is not shared with this corp.
    APP_NOT_SHARED = 670001;
    /// The member has no interface license (D/97176).
    LICENCE_MISSING = 701008;
    /// The member's interface license is not valid (D/97176).
    LICENCE_INVALID = 701099;
    /// The corpid is not one of this provider's encrypted ids.
    INVALID_OPEN_CORP_ID = 710000;
}

impl Errcode {
    /// The error with this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Whether it is one of the numbers that this crate distinguishes.
    pub(super) fn is_known(self) -> bool {
        Self::KNOWN.contains(&self)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for Errcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Errcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Errcode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(&Value::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not an errcode"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errcode_deserializes_from_number_or_digits() {
        let read: Vec<Errcode> = serde_json::from_str(r#"[40029, "40029", " -1 "]"#).unwrap();
        assert_eq!(
            read,
            [Errcode::INVALID_CODE, Errcode::INVALID_CODE, Errcode::BUSY]
        );
        assert!(serde_json::from_str::<Errcode>(r#""no""#).is_err());
        assert!(serde_json::from_str::<Errcode>("true").is_err());
    }
}
