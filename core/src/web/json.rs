//! JSON bodies, read strictly: what is not understood is refused, so that a typing error never becomes a default.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::domain::InvalidId;
use crate::error::{self, Error};
use crate::web::params::{check_text, invalid_param};

/// The fields of a body that are not read yet.
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Reads a JSON object in which no field comes twice.
    ///
    /// # Errors
    /// As all here: `API_PARAMS_ERROR` with the name of the field, never its value.
    pub(super) fn new(body: &[u8]) -> error::Result<Self> {
        // serde_json quotes what it could not read: a code may be in there.
        serde_json::from_slice(body)
            .map_err(|_| invalid_param("the body", "must be a JSON object without repetitions"))
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
        text.map(|text| {
            text.parse()
                .map_err(Into::into)
                .map_err(|error: InvalidId| invalid_param(name, &format!("must be {}", error.rule)))
        })
        .transpose()
    }

    /// One word of a few; their type says which error an unknown one is.
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

    /// Nothing else was sent.
    pub(super) fn finish(self) -> error::Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if is_name(name) => {
                Err(invalid_param(name, "is no field of this request"))
            }
            Some(_) => Err(invalid_param(
                "the body",
                "has a field that is none of this request",
            )),
        }
    }
}

/// Only what looks like a field is named back: somebody may have sent a secret as a name.
fn is_name(text: &str) -> bool {
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
                    // No request has as many; comparing each with all of a full body would take long.
                    if fields.len() == 32 || fields.iter().any(|(known, _)| *known == name) {
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
