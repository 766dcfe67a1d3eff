//! JSON bodies, read strictly: an unknown field or a wrong type is refused, so a typing error never becomes a default.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::domain::InvalidId;
use crate::error::{self, Error};
use crate::web::params::{check_text, invalid_param, parse_id};

const MAX_FIELDS: usize = 32;

/// The fields of a JSON object that were not taken yet.
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Parses a JSON object without repeated fields.
    ///
    /// # Errors
    /// As all methods here: `API_PARAMS_ERROR` with the name of the field, never its value.
    pub(super) fn new(body: &[u8]) -> error::Result<Self> {
        // serde_json's message may quote the body, and the body may hold a code.
        serde_json::from_slice(body)
            .map_err(|_| invalid_param("the body", "must be a JSON object without repeated fields"))
    }

    /// The fields of a form that was read before.
    pub(super) const fn of_form(fields: Vec<(String, Value)>) -> Self {
        Self(fields)
    }

    pub(super) fn text(&mut self, name: &str) -> error::Result<String> {
        self.optional_text(name)?
            .ok_or_else(|| invalid_param(name, "is missing"))
    }

    pub(super) fn optional_text(&mut self, name: &str) -> error::Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => check_text(name, text).map(Some),
            Some(_) => Err(invalid_param(name, "must be a string")),
        }
    }

    pub(super) fn id<T: FromStr<Err = InvalidId>>(&mut self, name: &str) -> error::Result<T> {
        self.optional_id(name)?
            .ok_or_else(|| invalid_param(name, "is missing"))
    }

    pub(super) fn optional_id<T: FromStr<Err = InvalidId>>(
        &mut self,
        name: &str,
    ) -> error::Result<Option<T>> {
        let text = self.optional_text(name)?;
        text.map(|text| parse_id(name, &text)).transpose()
    }

    /// One of a fixed set of words, or the default; the type's error names an unknown word.
    pub(super) fn word<T: FromStr<Err: Into<Error>> + Default>(
        &mut self,
        name: &str,
    ) -> error::Result<T> {
        self.optional_text(name)?
            .map_or_else(|| Ok(T::default()), |text| text.parse().map_err(Into::into))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let position = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// Refuses fields that were not taken.
    pub(super) fn finish(self) -> error::Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if is_field_name(name) => {
                Err(invalid_param(name, "is not a field of this request"))
            }
            Some(_) => Err(invalid_param(
                "the body",
                "has a field that this request does not take",
            )),
        }
    }
}

/// Whether a name may be repeated in an error: anything that does not look like a field name may be a secret.
pub(super) fn is_field_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields: Vec<(String, Value)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    // No request has more fields, and the comparison of each with all is quadratic.
                    if fields.len() == MAX_FIELDS || fields.iter().any(|(known, _)| *known == name)
                    {
                        return Err(A::Error::custom("repeated or too many"));
                    }
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
