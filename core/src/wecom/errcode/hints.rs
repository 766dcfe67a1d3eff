//! What an operator can do about an error (D/96213).

use crate::wecom::errcode::Errcode;

impl Errcode {
    /// What the operator can do about the error, where that is known (D/96213). [`CallError::hint`] knows the call too,
    /// which tells whose secret a 40001 is about.
    ///
    /// [`CallError::hint`]: crate::wecom::CallError::hint
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::BUSY | Self::VERSION_CONFLICT => {
                "WeCom is busy; the call is made again after a pause"
            }
            Self::RATE_LIMIT => {
                "WeCom refuses this API for a minute, an hour or a day, because it was called too often or with too many \
                 wrong secrets; find out what else calls it with these credentials"
            }
            Self::CONCURRENCY_LIMIT => {
                "too many calls at the same time; lower the rate of re-reads if this goes on"
            }
            Self::INVALID_CREDENTIAL => {
                "the secret is wrong or was reset, or the corp has switched the app off"
            }
            Self::INVALID_CORP_ID => {
                "check the corpid: one that was migrated has another spelling, and a provider's is not a corp's"
            }
            Self::INVALID_AGENT_ID | Self::AGENT_ID_MISSING | Self::AGENT_FORBIDDEN => {
                "the agentid is not the one of this corp's app; re-read the authorization"
            }
            Self::INVALID_AUTH_CODE => {
                "fetch a new code in the provider console with 重新获取secret"
            }
            Self::INVALID_SUITE_ID | Self::SUITE_ID_MISSING | Self::SUITE_MISMATCH => {
                "check suiteId in the instance's configuration against the template in the provider console"
            }
            Self::INVALID_PERMANENT_CODE | Self::PERMANENT_CODE_MISSING => {
                "the corp has cancelled its authorization or its secret was reset; press 重新获取secret in the provider \
                 console, or have the corp authorize again"
            }
            Self::INVALID_SUITE_TICKET | Self::SUITE_TICKET_MISSING => {
                "wait for the next suite_ticket, or push one in the provider console with 刷新ticket"
            }
            Self::SECRET_CORP_MISMATCH => {
                "the permanent code belongs to another corp; import the right one, or press 重新获取secret in the provider \
                 console"
            }
            Self::API_FORBIDDEN => {
                "the app lacks the permission for this call: grant it in the provider console, and have the corp confirm \
                 it; a suite that is not a 代开发 template (dk…) cannot make it"
            }
            Self::AUTHORIZATION_INVALID => {
                "the corp has not authorized the app or has cancelled; have it authorize again"
            }
            Self::PERMISSION_WITHDRAWN => {
                "an administrator of the corp has to enable the permissions again"
            }
            Self::UNTRUSTED_REDIRECT_DOMAIN => {
                "set the host of the public URL as the trusted domain (可信域名) of the corp's app"
            }
            Self::NOT_IN_VISIBLE_RANGE | Self::USER_ID_NOT_FOUND | Self::MEMBER_FORBIDDEN => {
                "an administrator of the corp has to add the member to the app's visible range (可见范围)"
            }
            Self::APP_DISABLED => "an administrator of the corp has to enable the app",
            Self::IP_NOT_ALLOWED => {
                "add the address that this service calls from in the provider console under 服务商信息 → IP白名单; \
                 it takes effect after a minute"
            }
            Self::APP_NOT_SHARED => {
                "the upstream corp has to share the app with this corp (企业互联)"
            }
            Self::LICENCE_MISSING | Self::LICENCE_INVALID => {
                "assign the member an interface license (接口许可) in the provider console"
            }
            Self::INVALID_OPEN_CORP_ID => {
                "the corpid is of another provider or not migrated; check the migration of ids in the provider console"
            }
            _ => return None,
        })
    }

    /// The hint for this call, whose path says which secret it carries.
    pub(in crate::wecom) fn hint_for(self, path: &str) -> Option<&'static str> {
        match (self, path) {
            (Self::INVALID_CREDENTIAL | Self::SECRET_CORP_MISMATCH, "service/get_suite_token") => {
                Some(
                    "the suite secret is wrong: copy it from the template in the provider console to suiteSecret in the \
                     instance's configuration, and restart",
                )
            }
            (
                Self::INVALID_CREDENTIAL | Self::SECRET_CORP_MISMATCH,
                "service/get_provider_token",
            ) => Some(
                "the provider secret is wrong: copy it from the provider console (通用开发参数) to providerSecret in the \
                 instance's configuration, check providerCorpId, and restart",
            ),
            (Self::INVALID_CREDENTIAL, "gettoken") => Some(
                "the corp has switched the app off, then an administrator of the corp has to enable it; or the secret was \
                 reset, then press 重新获取secret in the provider console",
            ),
            (errcode, _) => errcode.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errcodes of D/96213 that an operator can mend, as far as calls of this crate return them.
    const MENDABLE: [i64; 29] = [
        -1, 6000, 40001, 40013, 40056, 40078, 40083, 40084, 40085, 40091, 41011, 41021, 41023,
        41025, 45009, 45033, 48002, 48003, 48004, 48006, 50001, 50002, 50003, 60011, 60020, 60111,
        301_002, 701_008, 701_099,
    ];

    #[test]
    fn hint_is_there_for_each_errcode_that_an_operator_can_mend() {
        for number in MENDABLE {
            assert!(Errcode::new(number).hint().is_some(), "{number}");
        }
        for number in [0, 40014, 40029, 42001, 42003, 42022] {
            assert_eq!(Errcode::new(number).hint(), None, "{number}");
        }
        assert!(Errcode::IP_NOT_ALLOWED.hint().unwrap().contains("IP白名单"));
    }

    #[test]
    fn hint_for_wrong_secret_names_whose_it_is() {
        let hint = |path| Errcode::INVALID_CREDENTIAL.hint_for(path).unwrap();
        let suite = hint("service/get_suite_token");
        assert!(suite.contains("suite secret") && !suite.contains("重新获取secret"));
        let provider = hint("service/get_provider_token");
        assert!(provider.contains("providerSecret") && !provider.contains("重新获取secret"));
        assert!(hint("gettoken").contains("switched the app off"));
    }
}
