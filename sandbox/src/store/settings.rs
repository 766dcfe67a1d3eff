//! The settings of `POST /sandbox/settings`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::selection::{
    CallbackFormat, CorpSelector, CorpTokenAccess, EventSelector, FrequencyLimits, IdForm,
    LicenceStatus, ReceiveId,
};

/// How the sandbox behaves where WeCom varies. Every field is optional in a request; `null` resets
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// The receiveid of each kind of push.
    pub receiveid: ReceiveId,
    /// The ToUserName of the envelope: `suiteId`, `corpId`, `providerCorpId` or any text; by
    /// default that of the event.
    pub outer_to_user_name: Option<String>,
    /// The form in which ids are answered.
    pub ids: IdForm,
    /// The form of the ids of a corp that authorizes its first app from now on.
    pub install_ids: IdForm,
    /// Events that are delivered twice.
    pub duplicate: EventSelector,
    /// Events that are delayed until the next one has been delivered.
    pub reorder: EventSelector,
    /// Events that are lost.
    pub drop: EventSelector,
    /// Whether a status other than 200 is retried (D/96466) or final (D/96238, the newer page).
    pub retry_non200: bool,
    /// Whether a suite event needs the body `success`, and an authorization event an answer within
    /// `auth_answer_ms`, to be delivered (D/97172, D/100965). What is not delivered is treated as a
    /// status other than 200.
    pub strict_answers: bool,
    /// How long the app may take to answer an authorization event, in milliseconds (D/100965).
    pub auth_answer_ms: u64,
    /// Whether a retry gets a new timestamp, nonce and signature.
    pub fresh_retries: bool,
    /// Timeout of one delivery attempt, in milliseconds.
    pub delivery_timeout_ms: u64,
    /// Delays before the retries, in milliseconds.
    pub retry_delays_ms: Vec<u64>,
    /// `xml`, or `json` as in Tencent's samples.
    pub format: CallbackFormat,
    /// Index of the callback keys of the suite that sign suite events.
    pub suite_keys: usize,
    /// Index of the callback keys of the suite that sign app events.
    pub app_keys: usize,
    /// Whether members have an interface license (D/97176).
    #[serde(deserialize_with = "licence")]
    pub licence: bool,
    /// What WeCom says of the app's licenses (D/97194).
    pub licence_status: LicenceStatus,
    /// The corps whose app is disabled.
    pub disabled: CorpSelector,
    /// The apps' trusted domain, host and port; by default that of the notify URL.
    pub trusted_domain: Option<String>,
    /// The addresses that may call the API; others get 60020.
    pub ip_allow_list: Option<Vec<String>>,
    /// The errcode of a used login code: 40029 or 42022.
    pub used_code: i64,
    /// The errcode of an expired login code: 40029 or 42003.
    pub expired_code: i64,
    /// The errcode of `user/get` for members outside the visible range: 60111, 60011 or 50002.
    pub invisible: i64,
    /// The errcode of `user/get` for members of a linked corp; 0 answers them as own members. WeCom
    /// documents none.
    pub linked: i64,
    /// What `service/get_corp_token` answers this kind of suite.
    pub get_corp_token: CorpTokenAccess,
    /// The calls that omit errcode and errmsg on success.
    pub omit_errcode: Vec<String>,
    /// The HTTP status of a path that WeCom does not have, with errcode 40066.
    pub unknown_path_status: u16,
    /// Whether ten wrong secrets within ten minutes bar their address for an hour.
    pub wrong_secret_bar: bool,
    /// The numbers of calls beyond which an API answers 45009.
    pub frequency_limits: FrequencyLimits,
    /// The permissions that administrators granted, as `agent/get_permissions` lists them.
    pub permissions: Vec<String>,
    /// Interval between suite_tickets, in milliseconds of the sandbox's clock; 0 disables them.
    pub ticket_period_ms: i64,
    /// Lifetime of a suite_ticket.
    pub ticket_ttl_ms: i64,
    /// Lifetime of an AuthCode.
    pub auth_code_ttl_ms: i64,
    /// Lifetime of a login code.
    pub code_ttl_ms: i64,
    /// Lifetime of an access token.
    pub token_ttl_ms: i64,
}

/// The form of the ids of a corp that authorizes its first app. WeCom gives encrypted ones since
/// 2022-06-28 (D/97104).
const DEFAULT_INSTALL_IDS: IdForm = IdForm::Listed;

impl Default for Settings {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            receiveid: ReceiveId::default(),
            outer_to_user_name: None,
            ids: IdForm::Listed,
            install_ids: DEFAULT_INSTALL_IDS,
            duplicate: EventSelector::All(false),
            reorder: EventSelector::All(false),
            drop: EventSelector::All(false),
            retry_non200: false,
            strict_answers: true,
            auth_answer_ms: 1_000,
            fresh_retries: false,
            delivery_timeout_ms: 5_000,
            retry_delays_ms: vec![2_000, 6_000],
            format: CallbackFormat::Xml,
            suite_keys: 0,
            app_keys: 0,
            licence: true,
            licence_status: LicenceStatus::Trial,
            disabled: CorpSelector::All(false),
            trusted_domain: None,
            ip_allow_list: None,
            used_code: 40029,
            expired_code: 40029,
            invisible: 60111,
            linked: 0,
            get_corp_token: CorpTokenAccess::Open(false),
            omit_errcode: texts(&[
                "service/get_provider_token",
                "service/get_suite_token",
                "service/get_permanent_code",
                "service/get_auth_info",
            ]),
            unknown_path_status: 200,
            wrong_secret_bar: false,
            frequency_limits: FrequencyLimits::Switch(false),
            permissions: texts(&[
                "contact:sensitive:user_name",
                "contact:sensitive:mobile",
                "contact:sensitive:email",
                "contact:sensitive:avatar",
                "contact:sensitive:gender",
            ]),
            ticket_period_ms: 600_000,
            ticket_ttl_ms: 1_800_000,
            auth_code_ttl_ms: 600_000,
            code_ttl_ms: 300_000,
            token_ttl_ms: 7_200_000,
        }
    }
}

impl Settings {
    /// Whether administrators granted a sensitive field of the contact list.
    pub(crate) fn grants(&self, field: &str) -> bool {
        self.permissions.iter().any(|permission| {
            permission
                .strip_prefix("contact:sensitive:")
                .is_some_and(|granted| granted == field)
        })
    }

    /// These settings with `changes` applied.
    ///
    /// # Errors
    /// A setting that does not exist, or a value of another type or outside its range.
    pub(crate) fn merged_with(&self, changes: &Value) -> Result<Self, String> {
        let Value::Object(changes) = changes else {
            return Err("settings must be a JSON object".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            if value.is_null() {
                all.as_object_mut().and_then(|all| all.remove(name));
            } else {
                all[name] = value.clone();
            }
        }
        let settings: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), String> {
        let ttls = [
            self.ticket_ttl_ms,
            self.auth_code_ttl_ms,
            self.code_ttl_ms,
            self.token_ttl_ms,
        ];
        if ttls.iter().any(|ttl| *ttl < 1)
            || self.ticket_period_ms < 0
            || self.delivery_timeout_ms == 0
            || self.auth_answer_ms == 0
        {
            return Err("lifetimes and timeouts must be positive milliseconds".to_owned());
        }
        if !(200..=599).contains(&self.unknown_path_status) {
            return Err("unknownPathStatus must be 200 to 599".to_owned());
        }
        // It becomes a source in the Content-Security-Policy of the QR page.
        let is_domain = |domain: &String| {
            !domain.is_empty()
                && domain
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
        };
        if !self.trusted_domain.as_ref().is_none_or(is_domain) {
            return Err(
                "trustedDomain must be a host, with its port if it is not the default".to_owned(),
            );
        }
        if self.retry_delays_ms.len() > 10 {
            return Err("retryDelaysMs must hold at most 10 delays".to_owned());
        }
        Ok(())
    }
}

/// Reads `licence`: a boolean, or the words `ok` and `missing`.
fn licence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Ok,
        Missing,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Plain(bool),
        Word(Word),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Plain(licence) => licence,
        Form::Word(word) => matches!(word, Word::Ok),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merged_with_applies_changes_and_null_resets() {
        let changed = Settings::default()
            .merged_with(&json!({"retryNon200": true, "receiveid": {"suite": "corpId"}, "licence": "missing", "drop": ["cancel_auth"]}))
            .unwrap();
        assert!(changed.retry_non200 && !changed.licence);
        assert_eq!(changed.receiveid.suite, "corpId");
        assert_eq!(changed.receiveid.get, "providerCorpId");
        assert_eq!(
            changed.drop,
            EventSelector::Named(vec!["cancel_auth".to_owned()])
        );
        let reset = changed.merged_with(
            &json!({"retryNon200": null, "licence": null, "drop": null, "receiveid": null}),
        );
        assert_eq!(reset.unwrap(), Settings::default());
    }

    #[test]
    fn merged_with_rejects_unknown_settings_and_values() {
        for bad in [
            json!({"nonsense": 1}),
            json!({"licence": 3}),
            json!([]),
            json!({"codeTtlMs": 0}),
            json!({"unknownPathStatus": 99}),
            json!({"trustedDomain": "a.example; script-src *"}),
            json!({"trustedDomain": "user@a.example"}),
            json!({"frequencyLimits": {"nonsense": 1}}),
        ] {
            assert!(Settings::default().merged_with(&bad).is_err(), "{bad}");
        }
    }
}
