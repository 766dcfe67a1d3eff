//! The expansion of `"${NAME}"` in a configuration file from the environment.
//!
//! Written by hand: a value is expanded as a whole or not at all, and crates that expand within text have no such mode.

use std::env;

use serde_json::Value;

/// Looks up an environment variable. Injected, so that only the outermost call reads the process environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process. A variable that is not UTF-8 counts as unset.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The field whose variable could not be resolved, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnresolvedVariable {
    pub(super) field: String,
    pub(super) rule: &'static str,
}

/// Replaces every text that is `${NAME}` as a whole, at any depth. Values from the environment are not expanded again.
pub(super) fn resolve(
    value: &mut Value,
    environment: Environment<'_>,
) -> Result<(), UnresolvedVariable> {
    resolve_at(value, String::new(), environment)
}

/// The value of the variable that the text names, or `None` for a plain text.
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
    // getLoginConfig would publish a data key that is used as suiteId.
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
) -> Result<(), UnresolvedVariable> {
    match value {
        Value::String(text) => match resolve_text(text, environment) {
            Ok(Some(found)) => *text = found,
            Ok(None) => {}
            Err(rule) => return Err(UnresolvedVariable { field: path, rule }),
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
    fn resolve_replaces_whole_values_once_at_any_depth() {
        let mut value =
            json!({"a": "${KEY}", "b": [{"c": "${NAME}"}], "d": "x${KEY}", "e": "${KEY} ", "f": 1});
        resolve(&mut value, &environment).unwrap();
        assert_eq!(
            value,
            json!({"a": "found", "b": [{"c": "${KEY}"}], "d": "x${KEY}", "e": "${KEY} ", "f": 1})
        );
    }

    #[test]
    fn resolve_names_the_path_of_an_unresolved_variable() {
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
