//! The switches of `POST /sandbox/settings`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::choices::{Format, IdForm, ReceiveId, Which, Whose};

/// How WeCom behaves. Every field is optional in a request; `null` brings the default back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// What the receiveid of a push is.
    pub receiveid: ReceiveId,
    /// `suiteId`, `corpId`, `providerCorpId` or any text: the envelope's ToUserName; by default that of the event.
    pub outer_to_user_name: Option<String>,
    /// In which form ids are shown.
    pub ids: IdForm,
    /// Pushes that arrive twice.
    pub duplicate: Which,
    /// Pushes that wait until the next one has been delivered.
    pub reorder: Which,
    /// Pushes that get lost.
    pub drop: Which,
    /// Whether an answer other than 200 is a failure (D/96466) or final (D/96238, the newer page).
    pub retry_non200: bool,
    /// Whether a repeated delivery is signed anew, with another timestamp and nonce.
    pub fresh_retries: bool,
    /// How long a delivery may take, in milliseconds.
    pub delivery_timeout_ms: u64,
    /// The waits before the further deliveries, in milliseconds.
    pub retry_delays_ms: Vec<u64>,
    /// `xml`, or `json` as in Tencent's samples.
    pub format: Format,
    /// Which pair of the suite's callback keys signs suite events, from 0.
    pub suite_keys: usize,
    /// Which pair of the suite's callback keys signs app events, from 0.
    pub app_keys: usize,
    /// Whether people have an interface licence (D/97176).
    #[serde(deserialize_with = "licence")]
    pub licence: bool,
    /// Whose app is disabled: everyone's, no one's, or that of the listed companies.
    pub disabled: Whose,
    /// The apps' trusted domain, host and port; by default that of the notify URL.
    pub trusted_domain: Option<String>,
    /// The only addresses that may call; others get 60020.
    pub ip_allow_list: Option<Vec<String>>,
    /// What a used login code answers: 40029 or 42022.
    pub used_code: i64,
    /// What an expired login code answers: 40029 or 42003.
    pub expired_code: i64,
    /// What `user/get` answers for people outside the visible range: 60111, 60011 or 50002.
    pub invisible: i64,
    /// Whether `service/get_corp_token` works for this kind of suite.
    pub get_corp_token: bool,
    /// The calls that leave errcode and errmsg out when all is well.
    pub omit_errcode: Vec<String>,
    /// What administrators granted, as `agent/get_permissions` lists it.
    pub permissions: Vec<String>,
    /// How often a suite_ticket is pushed, in milliseconds of the sandbox's clock; 0 is never.
    pub ticket_period_ms: i64,
    /// How long a suite_ticket lives.
    pub ticket_ttl_ms: i64,
    /// How long an AuthCode lives.
    pub auth_code_ttl_ms: i64,
    /// How long a login code lives.
    pub code_ttl_ms: i64,
    /// How long an access token lives.
    pub token_ttl_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            receiveid: ReceiveId::default(),
            outer_to_user_name: None,
            ids: IdForm::Listed,
            duplicate: Which::Every(false),
            reorder: Which::Every(false),
            drop: Which::Every(false),
            retry_non200: false,
            fresh_retries: false,
            delivery_timeout_ms: 5_000,
            retry_delays_ms: vec![2_000, 6_000],
            format: Format::Xml,
            suite_keys: 0,
            app_keys: 0,
            licence: true,
            disabled: Whose::All(false),
            trusted_domain: None,
            ip_allow_list: None,
            used_code: 40029,
            expired_code: 40029,
            invisible: 60111,
            get_corp_token: false,
            omit_errcode: texts(&[
                "service/get_provider_token",
                "service/get_permanent_code",
                "service/get_auth_info",
            ]),
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
    /// These settings with `changes` laid over them.
    ///
    /// # Errors
    /// A switch that does not exist, or a value that it does not take.
    pub(crate) fn with(&self, changes: &Value) -> Result<Self, String> {
        let Value::Object(changes) = changes else {
            return Err("settings are a JSON object".to_owned());
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
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let lives = [self.ticket_ttl_ms, self.auth_code_ttl_ms, self.code_ttl_ms, self.token_ttl_ms];
        if lives.iter().any(|life| *life < 1) || self.ticket_period_ms < 0 || self.delivery_timeout_ms == 0 {
            return Err("lifetimes and limits are positive milliseconds".to_owned());
        }
        if self.retry_delays_ms.len() > 10 {
            return Err("retryDelaysMs holds at most 10 waits".to_owned());
        }
        Ok(())
    }
}

/// `licence` is a boolean, or the words `ok` and `missing`.
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
    fn settings_are_laid_over_and_null_brings_the_default_back() {
        let changed = Settings::default()
            .with(&json!({"retryNon200": true, "receiveid": {"suite": "corpId"}, "licence": "missing", "drop": ["cancel_auth"]}))
            .unwrap();
        assert!(changed.retry_non200 && !changed.licence);
        assert_eq!(changed.receiveid.suite, "corpId");
        assert_eq!(changed.receiveid.get, "providerCorpId");
        assert_eq!(changed.drop, Which::Named(vec!["cancel_auth".to_owned()]));
        let back =
            changed.with(&json!({"retryNon200": null, "licence": null, "drop": null, "receiveid": null}));
        assert_eq!(back.unwrap(), Settings::default());
    }

    #[test]
    fn what_is_no_switch_is_refused() {
        for bad in [json!({"nonsense": 1}), json!({"licence": 3}), json!([]), json!({"codeTtlMs": 0})] {
            assert!(Settings::default().with(&bad).is_err(), "{bad}");
        }
    }
}
