//! What the host app knows of a user: a small JSON object.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a [`UserBinder`](crate::UserBinder) says of a user: roles, a plan, a language. It is kept with the user's sessions, so
/// that [`CurrentUser::attributes`](crate::CurrentUser::attributes) costs a request no query.
///
/// A JSON object of [`MAX_BYTES`](Self::MAX_BYTES) at most, from names and values or from a struct of your own:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wecom_login::Attributes;
///
/// let attributes = Attributes::new().with("role", "administrator").with("seats", 3);
/// assert!(attributes.get("role").is_some_and(|role| role == "administrator"));
///
/// #[derive(Serialize, Deserialize)]
/// struct Staff {
///     role: String,
///     seats: u32,
/// }
/// let staff: Staff = attributes.to_struct()?;
/// assert_eq!(Attributes::from_struct(&staff)?, attributes);
/// # Ok::<_, wecom_login::InvalidAttributes>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes(Map<String, Value>);

/// A value that is no JSON object, or not of the type it is read as.
#[derive(Debug, thiserror::Error)]
#[error("the attributes of a user: {reason}")]
pub struct InvalidAttributes {
    reason: String,
}

impl Attributes {
    /// The size limit, in bytes of JSON text. Attributes are in memory for each person with a live session.
    pub const MAX_BYTES: usize = 4096;

    /// No attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, in place of another of this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The fields of a struct.
    ///
    /// # Errors
    /// It is not serialized as a JSON object.
    pub fn from_struct(fields: &impl Serialize) -> Result<Self, InvalidAttributes> {
        match serde_json::to_value(fields)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(InvalidAttributes {
                reason: "not a JSON object".to_owned(),
            }),
        }
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them, as a struct with such fields.
    ///
    /// # Errors
    /// A field is missing or of another type.
    pub fn to_struct<T: DeserializeOwned>(&self) -> Result<T, InvalidAttributes> {
        Ok(T::deserialize(Value::Object(self.0.clone()))?)
    }

    /// All of them.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text that is stored; `None` for no attributes.
    ///
    /// # Errors
    /// It is longer than the limit.
    pub(crate) fn to_stored(&self) -> Result<Option<String>, InvalidAttributes> {
        if self.is_empty() {
            return Ok(None);
        }
        let text = serde_json::to_string(&self.0)?;
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidAttributes {
                reason: format!(
                    "{} bytes of JSON, where {} are the limit",
                    text.len(),
                    Self::MAX_BYTES
                ),
            });
        }
        Ok(Some(text))
    }

    pub(crate) fn from_stored(text: Option<&str>) -> Result<Self, InvalidAttributes> {
        match text {
            Some(text) => Ok(Self(serde_json::from_str(text)?)),
            None => Ok(Self::default()),
        }
    }
}

impl From<Map<String, Value>> for Attributes {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<serde_json::Error> for InvalidAttributes {
    /// Without the text: it may hold what a log must not.
    fn from(error: serde_json::Error) -> Self {
        Self {
            reason: format!("{:?} error in JSON", error.classify()),
        }
    }
}

/// The names alone: the values are the host app's.
impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_text_is_read_back_and_limited() {
        let attributes = Attributes::new().with("role", "管理员").with("seats", 3);
        let text = attributes.to_stored().unwrap();
        assert_eq!(
            Attributes::from_stored(text.as_deref()).unwrap(),
            attributes
        );
        assert_eq!(Attributes::new().to_stored().unwrap(), None);
        assert!(Attributes::from_stored(None).unwrap().is_empty());
        assert!(!format!("{attributes:?}").contains("管理员"));

        // {"a":"…"} is 8 bytes and the text.
        let of_length = |length: usize| Attributes::new().with("a", "x".repeat(length - 8));
        assert!(of_length(Attributes::MAX_BYTES).to_stored().is_ok());
        let error = of_length(Attributes::MAX_BYTES + 1).to_stored();
        assert!(error.unwrap_err().to_string().contains("4097 bytes"));
        assert!(Attributes::from_struct(&[1, 2]).is_err());
    }
}
