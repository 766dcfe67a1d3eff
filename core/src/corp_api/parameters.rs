//! What a caller may send: a path of WeCom's, a query and a body without a token.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::wecom::ApiPath;

/// What WeCom calls the tokens, which are ours to send.
const TOKENS: [&str; 3] = [
    "access_token",
    "suite_access_token",
    "provider_access_token",
];

/// The path of a call.
///
/// # Errors
/// As everything here: `API_PARAMS_ERROR` with the rule, never with the value.
pub(super) fn parse_path(text: &str) -> Result<ApiPath> {
    ApiPath::new(text).map_err(|error| invalid(&error.to_string()))
}

/// The query of a call: an object, or a list of pairs. What is null is left out.
pub(super) fn parse_query(query: &(impl Serialize + ?Sized)) -> Result<Vec<(String, String)>> {
    const RULE: &str =
        "the query must be an object or a list of pairs, of texts, numbers and booleans";
    let value = to_value(query, "the query")?;
    let pairs: Vec<(String, Value)> = match value {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields.into_iter().collect(),
        Value::Array(pairs) => pairs
            .into_iter()
            .map(|pair| match pair {
                Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
                    Ok([Value::String(name), value]) => Ok((name, value)),
                    _ => Err(invalid(RULE)),
                },
                _ => Err(invalid(RULE)),
            })
            .collect::<Result<_>>()?,
        _ => return Err(invalid(RULE)),
    };
    let mut query = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if is_token(&name) {
            return Err(invalid(
                "the query must not hold an access_token: it is put in",
            ));
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(invalid(RULE)),
        };
        query.push((name, text));
    }
    Ok(query)
}

/// The JSON text of a body.
pub(super) fn json_body(body: &(impl Serialize + ?Sized)) -> Result<String> {
    let value = to_value(body, "the body")?;
    if !value.is_object() {
        return Err(invalid("the body must be an object"));
    }
    if holds_token(&value) {
        return Err(invalid(
            "the body must not hold an access_token: it is put in",
        ));
    }
    Ok(value.to_string())
}

/// serde_json's error may quote the value.
fn to_value(value: &(impl Serialize + ?Sized), what: &str) -> Result<Value> {
    serde_json::to_value(value).map_err(|_| invalid(&format!("{what} cannot be written as JSON")))
}

/// At any depth: serde_json refuses what is too deep for the stack.
fn holds_token(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| is_token(name) || holds_token(value)),
        Value::Array(values) => values.iter().any(holds_token),
        _ => false,
    }
}

fn is_token(name: &str) -> bool {
    let name = name.trim();
    TOKENS.iter().any(|token| token.eq_ignore_ascii_case(name))
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorKind::ApiParams, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[derive(Serialize)]
    struct Page {
        userid: &'static str,
        limit: u32,
        cursor: Option<&'static str>,
    }

    #[test]
    fn query_takes_structs_pairs_and_nothing() {
        let page = Page {
            userid: "a&b",
            limit: 7,
            cursor: None,
        };
        assert_eq!(
            parse_query(&page).unwrap(),
            pairs(&[("limit", "7"), ("userid", "a&b")])
        );
        assert_eq!(
            parse_query(&[("b", "2"), ("a", "1"), ("b", "3")]).unwrap(),
            pairs(&[("b", "2"), ("a", "1"), ("b", "3")])
        );
        assert_eq!(parse_query(&()).unwrap(), pairs(&[]));
        assert_eq!(
            parse_query(&json!({"fetch_child": true})).unwrap(),
            pairs(&[("fetch_child", "true")])
        );
    }

    #[test]
    fn query_refuses_what_is_no_list_of_parameters() {
        for wrong in [
            json!("a=b"),
            json!(7),
            json!({"a": [1]}),
            json!({"a": {"b": 1}}),
            json!(["a"]),
            json!([["a"]]),
            json!([[1, 2]]),
            json!([["a", "b", "c"]]),
        ] {
            let error = parse_query(&wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ApiParams, "{wrong}");
        }
    }

    #[test]
    fn callers_token_is_refused_anywhere() {
        for name in [
            "access_token",
            "ACCESS_TOKEN",
            " access_token",
            "suite_access_token",
        ] {
            assert!(parse_query(&[(name, "t")]).is_err(), "{name}");
            assert!(parse_query(&json!({ name: null })).is_err(), "{name}");
            assert!(json_body(&json!({ name: "t" })).is_err(), "{name}");
            assert!(
                json_body(&json!({"a": [{"b": { name: "t" }}]})).is_err(),
                "{name}"
            );
        }
        // A text about it is no token.
        assert!(json_body(&json!({"text": {"content": "access_token"}})).is_ok());
    }

    #[test]
    fn errors_do_not_quote_values() {
        let error = json_body(&json!({"access_token": "hush"})).unwrap_err();
        assert!(!format!("{error:?}").contains("hush"));
        let error = parse_path("https://hush.example/").unwrap_err();
        assert!(!format!("{error:?}").contains("hush"));
    }

    #[test]
    fn body_is_an_object() {
        for wrong in [json!(null), json!([]), json!("x"), json!(1)] {
            assert!(json_body(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(json_body(&json!({})).unwrap(), "{}");
    }
}
