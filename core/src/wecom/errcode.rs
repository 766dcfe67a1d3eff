//! WeCom's error numbers, and what each asks for.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// The `errcode` of an answer (D/96213). The text beside it, `errmsg`, changes without notice and is never read.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errcode(i64);

macro_rules! errcodes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// The numbers that a login meets.
        impl Errcode {
            $($(#[$doc])* pub const $name: Self = Self($number);)*
        }
    };
}

errcodes! {
    /// No error.
    OK = 0;
    /// The system is busy; the call may or may not have been carried out.
    BUSY = -1;
    /// Someone else changes the same data; the call may or may not have been carried out.
    VERSION_CONFLICT = 6000;
    /// The secret does not belong to the id: mistyped, or reset, or the app is disabled.
    INVALID_CREDENTIAL = 40001;
    /// The corpid is wrong.
    INVALID_CORP_ID = 40013;
    /// The access token is wrong, or died early.
    INVALID_ACCESS_TOKEN = 40014;
    /// The login code is wrong, used, too old or of another app.
    INVALID_CODE = 40029;
    /// The AuthCode of an authorisation is wrong, used or too old.
    INVALID_AUTH_CODE = 40078;
    /// The suite or provider access token is wrong, or died early.
    INVALID_SUITE_TOKEN = 40082;
    /// The suite_id is wrong.
    INVALID_SUITE_ID = 40083;
    /// The permanent code is wrong, or the company cancelled the authorisation.
    INVALID_PERMANENT_CODE = 40084;
    /// The suite_ticket is wrong or too old.
    INVALID_SUITE_TICKET = 40085;
    /// The secret belongs to another company.
    SECRET_CORP_MISMATCH = 40091;
    /// No suite_ticket was sent.
    SUITE_TICKET_MISSING = 41023;
    /// The access token is too old.
    ACCESS_TOKEN_EXPIRED = 42001;
    /// The login code is too old.
    CODE_EXPIRED = 42003;
    /// The suite access token is too old.
    SUITE_TOKEN_EXPIRED = 42009;
    /// The login code was used before.
    CODE_USED = 42022;
    /// Too many calls; WeCom refuses more for a minute, an hour or a day (D/96212).
    RATE_LIMIT = 45009;
    /// Too many calls at the same time.
    CONCURRENCY_LIMIT = 45033;
    /// The app may not make this call; also: a 代开发 app made a call of third-party apps.
    API_FORBIDDEN = 48002;
    /// The company has not authorised the suite, or no longer does.
    AUTHORIZATION_INVALID = 48004;
    /// The permissions were withdrawn because they were not used for long.
    PERMISSION_WITHDRAWN = 48006;
    /// The redirect_uri is not at the trusted domain of the app.
    UNTRUSTED_REDIRECT_DOMAIN = 50001;
    /// The person is outside the visible range of the app.
    NOT_IN_VISIBLE_RANGE = 50002;
    /// The company has switched the app off.
    APP_DISABLED = 50003;
    /// The app may not see this person.
    MEMBER_FORBIDDEN = 60011;
    /// The address the call came from is not on the provider's list.
    IP_NOT_ALLOWED = 60020;
    /// There is no such userid, or the app does not see it.
    USER_ID_NOT_FOUND = 60111;
    /// The user ticket is too old.
    USER_TICKET_EXPIRED = 84014;
    /// The user ticket is wrong.
    INVALID_USER_TICKET = 84015;
    /// The person has no interface licence (D/97176).
    LICENCE_MISSING = 701008;
    /// The person's interface licence is not valid (D/97176).
    LICENCE_INVALID = 701099;
}

impl Errcode {
    /// The error with this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The token of the call is dead, whatever its expiry said: 40014 and 42001 of an app, 42009 of a suite, 40082 of
    /// a suite or a provider. Fetch another and try once more (D/96213).
    #[must_use]
    pub const fn is_token_invalid(self) -> bool {
        matches!(
            self,
            Self::INVALID_ACCESS_TOKEN
                | Self::ACCESS_TOKEN_EXPIRED
                | Self::INVALID_SUITE_TOKEN
                | Self::SUITE_TOKEN_EXPIRED
        )
    }

    /// The login code is no good, and the login starts again: 40029, 42003, 42022. Which of them WeCom answers in
    /// which case is not documented (D/96213).
    #[must_use]
    pub const fn is_code_invalid(self) -> bool {
        matches!(
            self,
            Self::INVALID_CODE | Self::CODE_EXPIRED | Self::CODE_USED
        )
    }

    /// The secret is wrong: 40001. Many of these and WeCom bars the address for an hour (D/96212, D/96213). The secret
    /// is that of the call: a suite's, a provider's, or with `gettoken` a company's permanent code.
    #[must_use]
    pub const fn is_secret_invalid(self) -> bool {
        matches!(self, Self::INVALID_CREDENTIAL)
    }

    /// Said of a company's app, the authorisation does not work until it is read again with success:
    /// 40001, 40084, 40091, 48004, 48006 (D/96213).
    #[must_use]
    pub const fn breaks_authorization(self) -> bool {
        matches!(
            self,
            Self::INVALID_CREDENTIAL
                | Self::INVALID_PERMANENT_CODE
                | Self::SECRET_CORP_MISMATCH
                | Self::AUTHORIZATION_INVALID
                | Self::PERMISSION_WITHDRAWN
        )
    }

    /// Said of a company's app after a `cancel_auth`, the authorisation is over: 40084, 48004, 40001 (D/96213).
    #[must_use]
    pub const fn confirms_end(self) -> bool {
        matches!(
            self,
            Self::INVALID_PERMANENT_CODE | Self::AUTHORIZATION_INVALID | Self::INVALID_CREDENTIAL
        )
    }

    /// WeCom is busy, try again after a pause: -1, 6000, 45033 (D/96213).
    #[must_use]
    pub const fn is_busy(self) -> bool {
        matches!(
            self,
            Self::BUSY | Self::VERSION_CONFLICT | Self::CONCURRENCY_LIMIT
        )
    }

    /// Too many calls; stop for the rest of the window: 45009 (D/96212).
    #[must_use]
    pub const fn is_rate_limit(self) -> bool {
        matches!(self, Self::RATE_LIMIT)
    }

    /// The suite_ticket is too old or missing: 40085, 41023. Wait for the next push; the old one is never tried again
    /// (D/96213).
    #[must_use]
    pub const fn is_ticket_invalid(self) -> bool {
        matches!(
            self,
            Self::INVALID_SUITE_TICKET | Self::SUITE_TICKET_MISSING
        )
    }

    /// The AuthCode of an authorisation is spent, too old or wrong: 40078. Only a new one helps (D/96213, D/97175).
    #[must_use]
    pub const fn is_auth_code_invalid(self) -> bool {
        matches!(self, Self::INVALID_AUTH_CODE)
    }

    /// The app does not see this person: 60111, 50002 (D/96213).
    #[must_use]
    pub const fn is_user_not_visible(self) -> bool {
        matches!(self, Self::USER_ID_NOT_FOUND | Self::NOT_IN_VISIBLE_RANGE)
    }

    /// The company has switched the app off: 50003 (D/96213).
    #[must_use]
    pub const fn is_app_disabled(self) -> bool {
        matches!(self, Self::APP_DISABLED)
    }

    /// The person has no valid interface licence: 701008, 701099 (D/97176, D/96213).
    #[must_use]
    pub const fn is_licence_missing(self) -> bool {
        matches!(self, Self::LICENCE_MISSING | Self::LICENCE_INVALID)
    }

    /// The address the call came from is not allowed: 60020. [`Errcode::hint`] says what to do (D/96213).
    #[must_use]
    pub const fn is_ip_not_allowed(self) -> bool {
        matches!(self, Self::IP_NOT_ALLOWED)
    }

    /// The call may have been carried out although it was answered with this error: -1, 6000.
    pub(super) const fn is_ambiguous(self) -> bool {
        matches!(self, Self::BUSY | Self::VERSION_CONFLICT)
    }

    /// What the operator can do about it, where that is known (D/96213).
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::IP_NOT_ALLOWED => {
                "add the address that this service calls from in the provider console under 服务商信息 → IP白名单; \
                 it takes effect after a minute"
            }
            Self::INVALID_SUITE_TICKET | Self::SUITE_TICKET_MISSING => {
                "wait for the next suite_ticket, or push one in the provider console with 刷新ticket"
            }
            Self::INVALID_AUTH_CODE => {
                "fetch a new code in the provider console with 重新获取secret"
            }
            Self::UNTRUSTED_REDIRECT_DOMAIN => {
                "set the host of the public URL as the trusted domain (可信域名) of the company's app"
            }
            Self::PERMISSION_WITHDRAWN => {
                "an administrator of the company has to enable the permissions again"
            }
            Self::APP_DISABLED => "an administrator of the company has to enable the app",
            _ => return None,
        })
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
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Errcode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an errcode, as a number or its digits")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Errcode, E> {
                Ok(Errcode(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Errcode, E> {
                i64::try_from(number).map(Errcode).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Errcode, E> {
                text.trim().parse().map(Errcode).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn those(holds: fn(Errcode) -> bool) -> Vec<i64> {
        (-1..=800_000)
            .filter(|number| holds(Errcode::new(*number)))
            .collect()
    }

    #[test]
    fn each_class_holds_its_numbers_and_no_other() {
        assert_eq!(
            those(Errcode::is_token_invalid),
            [40014, 40082, 42001, 42009]
        );
        assert_eq!(those(Errcode::is_code_invalid), [40029, 42003, 42022]);
        assert_eq!(those(Errcode::is_secret_invalid), [40001]);
        assert_eq!(
            those(Errcode::breaks_authorization),
            [40001, 40084, 40091, 48004, 48006]
        );
        assert_eq!(those(Errcode::confirms_end), [40001, 40084, 48004]);
        assert_eq!(those(Errcode::is_busy), [-1, 6000, 45033]);
        assert_eq!(those(Errcode::is_rate_limit), [45009]);
        assert_eq!(those(Errcode::is_ticket_invalid), [40085, 41023]);
        assert_eq!(those(Errcode::is_auth_code_invalid), [40078]);
        assert_eq!(those(Errcode::is_user_not_visible), [50002, 60111]);
        assert_eq!(those(Errcode::is_app_disabled), [50003]);
        assert_eq!(those(Errcode::is_licence_missing), [701_008, 701_099]);
        assert_eq!(those(Errcode::is_ip_not_allowed), [60020]);
    }

    #[test]
    fn a_number_may_come_as_text() {
        let read: Vec<Errcode> = serde_json::from_str(r#"[40029, "40029", " -1 "]"#).unwrap();
        assert_eq!(
            read,
            [Errcode::INVALID_CODE, Errcode::INVALID_CODE, Errcode::BUSY]
        );
        assert!(serde_json::from_str::<Errcode>(r#""no""#).is_err());
        assert!(serde_json::from_str::<Errcode>("true").is_err());
    }

    #[test]
    fn the_operator_is_told_where_the_address_list_is() {
        assert!(Errcode::IP_NOT_ALLOWED.hint().unwrap().contains("IP白名单"));
        assert_eq!(Errcode::OK.hint(), None);
    }
}
