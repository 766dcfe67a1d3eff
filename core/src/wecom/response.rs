//! The envelope of WeCom's responses: an errcode, or the result of the call.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::wecom::call_error::CallErrorKind;
use crate::wecom::errcode::Errcode;
use crate::wecom::fields::optional;

/// Parses a response: the errcode first, then the result of the call.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallErrorKind> {
    let status: Status = serde_json::from_slice(body).map_err(|_| CallErrorKind::Malformed)?;
    match status.errcode {
        None | Some(Errcode::OK) => {
            serde_json::from_slice(body).map_err(|_| CallErrorKind::Malformed)
        }
        Some(errcode) => Err(CallErrorKind::Refused(errcode)),
    }
}

/// Checks the errcode of a response whose result the host app reads. The second part of an error is WeCom's text.
pub(super) fn check(body: &[u8]) -> Result<(), (CallErrorKind, Option<String>)> {
    let malformed = || (CallErrorKind::Malformed, None);
    // A list of values would be read as the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed());
    }
    let status: StatusWithText = serde_json::from_slice(body).map_err(|_| malformed())?;
    match status.errcode {
        None | Some(Errcode::OK) => Ok(()),
        Some(errcode) => Err((CallErrorKind::Refused(errcode), status.errmsg)),
    }
}

/// The errcode, and WeCom's text about it, which changes without notice: it is for people.
#[derive(Deserialize)]
struct StatusWithText {
    errcode: Option<Errcode>,
    #[serde(default, deserialize_with = "optional")]
    errmsg: Option<String>,
}

/// The part that every response may have. Older calls leave it out on success (D/97162, D/96237).
#[derive(Deserialize)]
struct Status {
    errcode: Option<Errcode>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wecom::fields::{optional_number, required, seconds};

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
    fn read_accepts_errcode_zero_or_none() {
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
    fn read_refusal_ignores_other_fields() {
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
    fn read_rejects_missing_required_fields() {
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
    fn read_is_lenient_with_optional_fields() {
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
}
