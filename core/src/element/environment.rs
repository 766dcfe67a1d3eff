//! `"${NAME}"` as a value of a configuration file is read from the environment.

use std::env;

use serde_json::Value;

/// Looks up an environment variable; injected, so that nothing but the outermost call touches the process.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process. A variable that is not UTF-8 counts as unset.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Where a substitution failed, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unresolved {
    pub(super) field: String,
    pub(super) rule: &'static str,
}

/// Replaces every text that is `${NAME}` as a whole, at any depth. What the environment gives is final: it is not
/// looked at for names again.
pub(super) fn resolve(value: &mut Value, environment: Environment<'_>) -> Result<(), Unresolved> {
    resolve_at(value, String::new(), environment)
}

/// The text, or what it names.
pub(super) fn resolve_text(
    text: &str,
    environment: Environment<'_>,
) -> Result<Option<String>, &'static str> {
    let Some(name) = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
    else {
        return Ok(None);
    };
    if !is_variable(name) {
        return Err("must name an environment variable of A-Z a-z 0-9 _ between ${ and }");
    }
    // The data key in a suiteId, for one, would be published by getLoginConfig.
    if name
        .get(..12)
        .is_some_and(|start| start.eq_ignore_ascii_case("WECOM_LOGIN_"))
    {
        return Err("must not name one of our own WECOM_LOGIN_ variables");
    }
    match environment(name) {
        Some(found) if !found.trim().is_empty() => Ok(Some(found)),
        _ => Err("names an environment variable that is unset or blank"),
    }
}

fn resolve_at(
    value: &mut Value,
    path: String,
    environment: Environment<'_>,
) -> Result<(), Unresolved> {
    match value {
        Value::String(text) => match resolve_text(text, environment) {
            Ok(Some(found)) => *text = found,
            Ok(None) => {}
            Err(rule) => return Err(Unresolved { field: path, rule }),
        },
        Value::Array(items) => {
            for (position, item) in items.iter_mut().enumerate() {
                resolve_at(item, format!("{path}[{position}]"), environment)?;
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                resolve_at(item, below, environment)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("found".to_owned()),
            "NAME" => Some("${KEY}".to_owned()),
            "BLANK" => Some(" \n".to_owned()),
            name if name.to_ascii_uppercase().starts_with("WECOM_LOGIN_") => {
                Some("ours".to_owned())
            }
            _ => None,
        }
    }

    #[test]
    fn whole_values_are_replaced_at_any_depth_and_once() {
        let mut value =
            json!({"a": "${KEY}", "b": [{"c": "${NAME}"}], "d": "x${KEY}", "e": "${KEY} ", "f": 1});
        resolve(&mut value, &environment).unwrap();
        assert_eq!(
            value,
            json!({"a": "found", "b": [{"c": "${KEY}"}], "d": "x${KEY}", "e": "${KEY} ", "f": 1})
        );
    }

    #[test]
    fn what_cannot_be_resolved_is_named_by_its_path() {
        for (text, word) in [
            ("${UNSET}", "unset"),
            ("${BLANK}", "blank"),
            ("${WECOM_LOGIN_DATA_KEY}", "our own"),
            ("${wecom_login_data_key}", "our own"),
            ("${}", "must name"),
            ("${A B}", "must name"),
            ("${A=B}", "must name"),
            ("${1A}", "must name"),
        ] {
            let mut value = json!({"keys": [{}, {"token": text}]});
            let error = resolve(&mut value, &environment).unwrap_err();
            assert_eq!(error.field, "keys[1].token");
            assert!(error.rule.contains(word), "{text}: {}", error.rule);
        }
    }
}
