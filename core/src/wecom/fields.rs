//! Field readers for WeCom's JSON: strict where a call depends on the field, lenient elsewhere.

use std::time::Duration;

use serde::de::{self, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads a required, non-blank text into its type.
pub(super) fn required<'de, D: Deserializer<'de>, T: From<NonBlankText>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("blank"));
    }
    Ok(T::from(NonBlankText(text)))
}

/// A non-blank text.
pub(super) struct NonBlankText(pub(super) String);

impl From<NonBlankText> for String {
    fn from(text: NonBlankText) -> Self {
        text.0
    }
}

macro_rules! secret_from_text {
    ($($name:ident),*) => {
        $(impl From<NonBlankText> for crate::domain::$name {
            fn from(text: NonBlankText) -> Self {
                Self::new(text.0)
            }
        })*
    };
}

secret_from_text!(
    AccessToken,
    JsApiTicket,
    MiniProgramSessionKey,
    PermanentCode,
    ProviderAccessToken,
    SuiteAccessToken
);

/// Reads an optional text. Blank text and other JSON types count as missing, numbers as their digits.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Reads an optional integer, as a number or its digits.
pub(super) fn optional_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    Ok(number(&Value::deserialize(deserializer)?))
}

/// Reads a duration in seconds, as a number or its digits.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    number(&Value::deserialize(deserializer)?)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs)
        .ok_or_else(|| de::Error::custom("not a number of seconds"))
}

/// An integer, as a number or its digits.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

/// The text of a value, if it is a non-blank text.
pub(super) fn non_blank(value: Option<&Value>) -> Option<String> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .map(Into::into)
}
