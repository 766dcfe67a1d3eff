//! The parameters of a page: of its query, and of its form.

use form_urlencoded::{Serializer, parse};
use serde_json::Value;

use crate::error::Result;
use crate::web::console::request::ConsoleRequest;
use crate::web::params::invalid_param;
use crate::web::route::ConsoleRoute;

/// The fields of forms that may come several times.
const LISTS: [&str; 1] = ["suiteIds"];
/// A form with more fields is none of ours.
const MAX_FIELDS: usize = 32;
const HOUR_MILLIS: i64 = 3_600_000;

/// What a page was asked with. A field that is left empty is not there.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PageInput {
    /// The parameters that `admin_api` reads from a query.
    pub(super) query: Vec<(String, String)>,
    /// The parameters that it reads from a body.
    pub(super) fields: Vec<(String, Value)>,
    /// How far a list goes back, in a word.
    pub(super) within: Option<String>,
    pub(super) form_token: Option<String>,
    /// What a POST before this did, sealed.
    pub(super) outcome: Option<String>,
}

impl PageInput {
    /// Reads the query, and the form of a POST.
    ///
    /// # Errors
    /// `BODY_TOO_LARGE`; `BODY_TIMEOUT`; `API_PARAMS_ERROR`: a field comes twice, or there are too many.
    pub(super) fn read(console: &ConsoleRequest<'_>) -> Result<Self> {
        let request = console.request;
        let mut input = Self::default();
        let now = console.deps.store.now().as_millis();
        let asks_first = !console.is_post() && has_fields(console.route);
        for (name, value) in non_blank(request.query.as_bytes()) {
            match &*name {
                "outcome" => input.outcome = Some(value),
                "within" => {
                    input.query.push(("since".to_owned(), since(&value, now)?));
                    input.within = Some(value);
                }
                // The page that asks first has the fields of its form in its query.
                name if asks_first && name != "suiteId" => {
                    input.fields.push((name.to_owned(), Value::String(value)));
                }
                _ => input.query.push((name, value)),
            }
        }
        if console.is_post() {
            for (name, value) in non_blank(request.body()?) {
                if name == "formToken" {
                    input.form_token = Some(value);
                } else {
                    input.add_field(name, value)?;
                }
            }
        }
        Ok(input)
    }

    fn add_field(&mut self, name: String, value: String) -> Result<()> {
        let count = self.fields.len();
        let there = self.fields.iter_mut().find(|(known, _)| *known == name);
        match there {
            Some((_, Value::Array(values))) if values.len() < MAX_FIELDS => {
                values.push(Value::String(value));
            }
            None if count < MAX_FIELDS => {
                let value = if LISTS.contains(&&*name) {
                    Value::Array(vec![Value::String(value)])
                } else {
                    Value::String(value)
                };
                self.fields.push((name, value));
            }
            _ => {
                return Err(invalid_param(
                    "the form",
                    "has a repeated or too many fields",
                ));
            }
        }
        Ok(())
    }
}

/// The first value of a query's parameter, and the query without it.
pub(super) fn without_parameter(query: &str, name: &str) -> (Option<String>, String) {
    let mut value = None;
    let mut rest = Serializer::new(String::new());
    for (other, text) in parse(query.as_bytes()) {
        if other == name {
            value.get_or_insert_with(|| text.into_owned());
        } else {
            rest.append_pair(&other, &text);
        }
    }
    match value {
        Some(value) => (Some(value), rest.finish()),
        None => (None, query.to_owned()),
    }
}

/// Whether the form that changes something has fields of its own.
const fn has_fields(route: ConsoleRoute) -> bool {
    matches!(route, ConsoleRoute::CorpDecision | ConsoleRoute::CorpAlias)
}

/// Names and values, without the fields that a person left empty.
fn non_blank(encoded: &[u8]) -> impl Iterator<Item = (String, String)> {
    parse(encoded)
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
}

/// The time that a list begins at, of a choice of how far it goes back.
fn since(within: &str, now_millis: i64) -> Result<String> {
    let hours = match within {
        "hour" => 1,
        "day" => 24,
        "week" => 7 * 24,
        "month" => 30 * 24,
        _ => {
            return Err(invalid_param("within", "must be hour, day, week or month"));
        }
    };
    Ok((now_millis - hours * HOUR_MILLIS).max(0).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_parameter_keeps_the_others() {
        let (value, rest) = without_parameter("a=1&lang=en&b=%E4%BC%81&lang=zh", "lang");
        assert_eq!((value.as_deref(), &*rest), (Some("en"), "a=1&b=%E4%BC%81"));
        let (value, rest) = without_parameter("a=%41", "lang");
        assert_eq!((value, &*rest), (None, "a=%41"));
    }

    #[test]
    fn fields_come_once_but_for_lists() {
        let mut input = PageInput::default();
        for value in ["a", "b"] {
            input.add_field("suiteIds".into(), value.into()).unwrap();
        }
        input.add_field("state".into(), "x".into()).unwrap();
        assert!(input.add_field("state".into(), "y".into()).is_err());
        assert_eq!(input.fields[0].1, serde_json::json!(["a", "b"]));
    }

    #[test]
    fn empty_fields_are_not_there() {
        let found: Vec<_> = non_blank(b"q=&status=+&corpId=+ww1+").collect();
        assert_eq!(found, [("corpId".to_owned(), "ww1".to_owned())]);
    }
}
