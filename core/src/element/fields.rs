//! The reader of fields of a JSON object. Its errors name file, field and rule, never a value.

use std::path::Path;

use serde_json::{Map, Value};

use crate::element::problem::ConfigError;

/// An object of a configuration file, with its path.
pub(super) struct Fields<'a> {
    file: &'a Path,
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object of a whole file.
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

    /// The error that a field breaks a rule.
    pub(super) fn error(&self, key: &str, rule: impl Into<String>) -> ConfigError {
        ConfigError::new(
            self.file.display().to_string(),
            self.path_of(key),
            rule.into(),
        )
    }

    /// An optional text, not blank.
    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(self.error(key, "must not be blank"))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(key, "must be a string")),
        }
    }

    /// A required text, not blank.
    pub(super) fn text(&self, key: &str) -> Result<&'a str, ConfigError> {
        self.optional_text(key)?.ok_or_else(|| self.missing(key))
    }

    /// An optional boolean.
    pub(super) fn optional_bool(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.error(key, "must be true or false")),
        }
    }

    /// A required object.
    pub(super) fn object(&self, key: &str) -> Result<Self, ConfigError> {
        let value = self.object.get(key).ok_or_else(|| self.missing(key))?;
        self.object_at(value, self.path_of(key))
    }

    /// The objects of an optional array.
    pub(super) fn objects(&self, key: &str) -> Result<Vec<Self>, ConfigError> {
        let items = match self.object.get(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.error(key, "must be an array")),
        };
        let path = self.path_of(key);
        items
            .iter()
            .enumerate()
            .map(|(position, item)| self.object_at(item, format!("{path}[{position}]")))
            .collect()
    }

    fn object_at(&self, value: &'a Value, path: String) -> Result<Self, ConfigError> {
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
        self.error(key, "is required and missing")
    }
}
