//! The classes of errors by what a caller does about them.

use crate::wecom::errcode::Errcode;

impl Errcode {
    /// The token of the call is invalid, whatever its expiry: 40014 and 42001 of an app, 42009 of a suite, 40082 of
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

    /// The OAuth code is invalid and the login has to start again: 40029, 42003, 42022. Which of them WeCom returns in
    /// which case is not documented (D/96213).
    #[must_use]
    pub const fn is_code_invalid(self) -> bool {
        matches!(
            self,
            Self::INVALID_CODE | Self::CODE_EXPIRED | Self::CODE_USED
        )
    }

    /// The secret is wrong: 40001, 40091. After many of these WeCom blocks the address for an hour (D/96212, D/96213). The
    /// secret is that of the call: a suite's, a provider's, or with `gettoken` a corp's permanent code.
    #[must_use]
    pub const fn is_secret_invalid(self) -> bool {
        matches!(self, Self::INVALID_CREDENTIAL | Self::SECRET_CORP_MISMATCH)
    }

    /// For a corp's app: the authorization does not work until it is reread with success:
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

    /// For a corp's app after a `cancel_auth`: the authorization has ended: 40084, 48004, 40001 (D/96213).
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

    /// Too many calls, stop for the rest of the window: 45009 (D/96212).
    #[must_use]
    pub const fn is_rate_limit(self) -> bool {
        matches!(self, Self::RATE_LIMIT)
    }

    /// The suite_ticket is too old or missing: 40085, 41023. Wait for the next push; the old one is never retried
    /// (D/96213).
    #[must_use]
    pub const fn is_ticket_invalid(self) -> bool {
        matches!(
            self,
            Self::INVALID_SUITE_TICKET | Self::SUITE_TICKET_MISSING
        )
    }

    /// The AuthCode of an authorization is used up, expired or wrong: 40078. Only a new one helps (D/96213, D/97175).
    #[must_use]
    pub const fn is_auth_code_invalid(self) -> bool {
        matches!(self, Self::INVALID_AUTH_CODE)
    }

    /// The app does not see this member: 60111, 50002 (D/96213).
    #[must_use]
    pub const fn is_user_not_visible(self) -> bool {
        matches!(self, Self::USER_ID_NOT_FOUND | Self::NOT_IN_VISIBLE_RANGE)
    }

    /// For `user/get` of a linked member (`CorpId/userid`): WeCom does not say anything of the member: 60111, 60011, 48002.
    /// What `user/get` answers for linked members is documented nowhere (D/96442).
    #[must_use]
    pub const fn is_silent_about_linked_user(self) -> bool {
        matches!(
            self,
            Self::USER_ID_NOT_FOUND | Self::MEMBER_FORBIDDEN | Self::API_FORBIDDEN
        )
    }

    /// The corp has switched the app off: 50003 (D/96213).
    #[must_use]
    pub const fn is_app_disabled(self) -> bool {
        matches!(self, Self::APP_DISABLED)
    }

    /// The member has no valid interface license: 701008, 701099 (D/97176, D/96213).
    #[must_use]
    pub const fn is_licence_missing(self) -> bool {
        matches!(self, Self::LICENCE_MISSING | Self::LICENCE_INVALID)
    }

    /// The corp of a call has authorized no app of the provider: 40013, 48004 (D/97105).
    #[must_use]
    pub const fn is_corp_unknown(self) -> bool {
        matches!(self, Self::INVALID_CORP_ID | Self::AUTHORIZATION_INVALID)
    }

    /// The address the call came from is not allowed: 60020. [`Errcode::hint`] says what to do (D/96213).
    #[must_use]
    pub const fn is_ip_not_allowed(self) -> bool {
        matches!(self, Self::IP_NOT_ALLOWED)
    }

    /// WeCom answers every call of this API so for a while, whichever corp it is for: 45009, 45033, 60020, -1. Further
    /// calls only prolong it (D/96212).
    #[must_use]
    pub const fn pauses_api(self) -> bool {
        self.is_rate_limit()
            || matches!(
                self,
                Self::CONCURRENCY_LIMIT | Self::IP_NOT_ALLOWED | Self::BUSY
            )
    }

    /// WeCom may have carried the call out in spite of this error: -1, 6000.
    pub(in crate::wecom) const fn is_ambiguous(self) -> bool {
        matches!(self, Self::BUSY | Self::VERSION_CONFLICT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers_where(holds: fn(Errcode) -> bool) -> Vec<i64> {
        (-1..=800_000)
            .filter(|number| holds(Errcode::new(*number)))
            .collect()
    }

    #[test]
    fn each_class_holds_exactly_its_numbers() {
        assert_eq!(
            numbers_where(Errcode::is_token_invalid),
            [40014, 40082, 42001, 42009]
        );
        assert_eq!(
            numbers_where(Errcode::is_code_invalid),
            [40029, 42003, 42022]
        );
        assert_eq!(numbers_where(Errcode::is_secret_invalid), [40001, 40091]);
        assert_eq!(
            numbers_where(Errcode::breaks_authorization),
            [40001, 40084, 40091, 48004, 48006]
        );
        assert_eq!(numbers_where(Errcode::confirms_end), [40001, 40084, 48004]);
        assert_eq!(numbers_where(Errcode::is_busy), [-1, 6000, 45033]);
        assert_eq!(numbers_where(Errcode::is_rate_limit), [45009]);
        assert_eq!(numbers_where(Errcode::is_ticket_invalid), [40085, 41023]);
        assert_eq!(numbers_where(Errcode::is_auth_code_invalid), [40078]);
        assert_eq!(numbers_where(Errcode::is_user_not_visible), [50002, 60111]);
        assert_eq!(
            numbers_where(Errcode::is_silent_about_linked_user),
            [48002, 60011, 60111]
        );
        assert_eq!(numbers_where(Errcode::is_app_disabled), [50003]);
        assert_eq!(
            numbers_where(Errcode::is_licence_missing),
            [701_008, 701_099]
        );
        assert_eq!(numbers_where(Errcode::is_corp_unknown), [40013, 48004]);
        assert_eq!(numbers_where(Errcode::is_ip_not_allowed), [60020]);
        assert_eq!(
            numbers_where(Errcode::pauses_api),
            [-1, 45009, 45033, 60020]
        );
    }
}
