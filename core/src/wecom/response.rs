//! How fields of WeCom's answers are read: strictly where a call depends on them, leniently elsewhere.

use std::time::Duration;

use serde::de::{self, DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{AgentId, CorpId};
use crate::wecom::call_error::CallErrorKind;
use crate::wecom::errcode::Errcode;

/// What every answer may have. Old calls leave it out where all went well (D/97162, D/96237).
#[derive(Deserialize)]
struct Verdict {
    errcode: Option<Errcode>,
}

/// Reads a whole answer: first whether WeCom said no, then what the call asked for.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallErrorKind> {
    let verdict: Verdict = serde_json::from_slice(body).map_err(|_| CallErrorKind::Malformed)?;
    match verdict.errcode {
        None | Some(Errcode::OK) => {
            serde_json::from_slice(body).map_err(|_| CallErrorKind::Malformed)
        }
        Some(errcode) => Err(CallErrorKind::Refused(errcode)),
    }
}

/// A text that has to be there and not blank, read into its type.
pub(super) fn required<'de, D: Deserializer<'de>, T: From<Text>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("is blank"));
    }
    Ok(T::from(Text(text)))
}

/// A text that is there and not blank.
pub(super) struct Text(pub(super) String);

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

macro_rules! secret_from_text {
    ($($name:ident),*) => {
        $(impl From<Text> for crate::domain::$name {
            fn from(text: Text) -> Self {
                Self::new(text.0)
            }
        })*
    };
}

secret_from_text!(
    AccessToken,
    PermanentCode,
    ProviderAccessToken,
    SuiteAccessToken
);

/// A text that may be missing; blank text and anything that is no text count as missing, numbers as their digits.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A whole number that may be missing, as a number or its digits.
pub(super) fn optional_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    Ok(number(&Value::deserialize(deserializer)?))
}

/// A span in seconds, as a number or its digits.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    number(&Value::deserialize(deserializer)?)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs)
        .ok_or_else(|| de::Error::custom("is no span of seconds"))
}

/// `auth_corp_info`.
#[derive(Deserialize)]
pub(super) struct CorpInfo {
    pub(super) corpid: CorpId,
    #[serde(default, deserialize_with = "optional")]
    pub(super) corp_name: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    pub(super) corp_full_name: Option<String>,
}

/// The app of `auth_info.agent[]`: a suite has one in each company; where more are listed, the one that is
/// marked as customised (D/97163).
pub(super) fn agent(auth_info: &Value) -> Option<&Value> {
    let agents = auth_info.get("agent")?.as_array()?;
    agents
        .iter()
        .find(|agent| agent.get("is_customized_app") == Some(&Value::Bool(true)))
        .or_else(|| agents.first())
}

/// The `agentid` of an app.
pub(super) fn agent_id(agent: &Value) -> Option<AgentId> {
    number(agent.get("agentid")?).map(AgentId::new)
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "required")]
        token: String,
        #[serde(default, deserialize_with = "optional")]
        name: Option<String>,
        #[serde(default, deserialize_with = "optional_number")]
        status: Option<i64>,
        #[serde(deserialize_with = "seconds")]
        expires_in: Duration,
    }

    fn sample(name: Option<&str>, status: Option<i64>) -> Result<Sample, CallErrorKind> {
        Ok(Sample {
            token: "t".into(),
            name: name.map(Into::into),
            status,
            expires_in: Duration::from_secs(7200),
        })
    }

    #[test]
    fn success_is_an_errcode_of_zero_or_none() {
        for errcode in [
            "",
            r#""errcode":0,"#,
            r#""errcode":"0","#,
            r#""errcode":null,"#,
        ] {
            let body = format!(r#"{{{errcode}"errmsg":"ok","token":"t","expires_in":7200}}"#);
            assert_eq!(
                read::<Sample>(body.as_bytes()),
                sample(None, None),
                "{body}"
            );
        }
    }

    #[test]
    fn a_refusal_is_read_whatever_else_is_there() {
        for body in [
            r#"{"errcode":40029,"errmsg":"invalid code, hint: [1], more info at https://…"}"#,
            r#"{"errcode":"40029","token":"t","expires_in":7200}"#,
        ] {
            assert_eq!(
                read::<Sample>(body.as_bytes()),
                Err(CallErrorKind::Refused(Errcode::INVALID_CODE)),
                "{body}"
            );
        }
    }

    #[test]
    fn what_a_call_depends_on_must_be_there() {
        for body in [
            "",
            "ok",
            "[]",
            "<html>",
            "{}",
            r#"{"errcode":"no"}"#,
            r#"{"token":" ","expires_in":7200}"#,
            r#"{"token":5,"expires_in":7200}"#,
            r#"{"token":"t"}"#,
            r#"{"token":"t","expires_in":-1}"#,
        ] {
            assert_eq!(
                read::<Sample>(body.as_bytes()),
                Err(CallErrorKind::Malformed),
                "{body}"
            );
        }
    }

    #[test]
    fn the_rest_is_read_leniently() {
        let read = |fields: &str| {
            read(format!(r#"{{"token":"t","expires_in":"7200",{fields}}}"#).as_bytes())
        };
        assert_eq!(
            read(r#""name":"李四","status":"1""#),
            sample(Some("李四"), Some(1))
        );
        assert_eq!(read(r#""name":"  ","status":null"#), sample(None, None));
        assert_eq!(read(r#""name":7,"status":"x""#), sample(Some("7"), None));
        assert_eq!(read(r#""name":{},"status":[]"#), sample(None, None));
    }

    #[test]
    fn of_several_apps_the_customised_one_is_ours() {
        let info = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let read = |json: &str| agent(&info(json)).and_then(agent_id);
        assert_eq!(
            read(r#"{"agent":[{"agentid":1,"is_customized_app":false}]}"#),
            Some(AgentId::new(1))
        );
        let two = r#"{"agent":[{"agentid":1},{"agentid":"1000002","is_customized_app":true}]}"#;
        assert_eq!(read(two), Some(AgentId::new(1_000_002)));
        for none in [
            "null",
            "{}",
            r#"{"agent":[]}"#,
            r#"{"agent":[{}]}"#,
            r#"{"agent":[{"agentid":""}]}"#,
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
