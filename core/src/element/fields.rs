//! Reads known fields out of a JSON object; every complaint names file, field and rule, and no value.

use std::path::Path;

use serde_json::{Map, Value};

use crate::element::problem::ConfigError;

/// An object of a configuration file, with the way that leads to it.
pub(super) struct Fields<'a> {
    file: &'a Path,
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object that a whole file is.
    pub(super) fn of_file(file: &'a Path, value: &'a Value) -> Result<Self, ConfigError> {
        match value {
            Value::Object(object) => Ok(Self {
                file,
                path: String::new(),
                object,
            }),
            _ => Err(ConfigError::of_file(file, "must be a JSON object")),
        }
    }

    /// The path of one of the fields, from the top of the file.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The complaint that a field breaks a rule.
    pub(super) fn broken(&self, key: &str, rule: impl Into<String>) -> ConfigError {
        ConfigError::new(
            self.file.display().to_string(),
            self.path_of(key),
            rule.into(),
        )
    }

    /// A text that may be absent, but not blank.
    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(self.broken(key, "must not be blank"))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.broken(key, "must be a string")),
        }
    }

    /// A text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<&'a str, ConfigError> {
        self.optional_text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A boolean that may be absent.
    pub(super) fn optional_bool(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.broken(key, "must be true or false")),
        }
    }

    /// An object that must be there.
    pub(super) fn object(&self, key: &str) -> Result<Self, ConfigError> {
        let value = self.object.get(key).ok_or_else(|| self.missing(key))?;
        self.below(value, self.path_of(key))
    }

    /// The objects of an array that may be absent.
    pub(super) fn objects(&self, key: &str) -> Result<Vec<Self>, ConfigError> {
        let items = match self.object.get(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.broken(key, "must be an array")),
        };
        let path = self.path_of(key);
        items
            .iter()
            .enumerate()
            .map(|(position, item)| self.below(item, format!("{path}[{position}]")))
            .collect()
    }

    fn below(&self, value: &'a Value, path: String) -> Result<Self, ConfigError> {
        match value {
            Value::Object(object) => Ok(Self {
                file: self.file,
                path,
                object,
            }),
            _ => Err(ConfigError::new(
                self.file.display().to_string(),
                path,
                "must be an object",
            )),
        }
    }

    fn missing(&self, key: &str) -> ConfigError {
        self.broken(key, "is required and missing")
    }
}
