//! Errors and warnings about the configuration: the file, the field and the rule, never the value.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// A rule that the configuration breaks. The error holds no value of the configuration, so it can be printed and
/// logged.
///
/// ```
/// use wecom_login::Error;
/// use wecom_login::element::ConfigError;
///
/// let error = Error::from(ConfigError::new("auths/A/A.json", "authConfig.token", "must not be blank"));
/// assert_eq!(error.to_string(), "CONFIG_ERROR: auths/A/A.json: authConfig.token: must not be blank");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The file, or the name of an instance without one; for a rule about two instances both.
    pub file: String,
    /// The path of the field, such as `callbackKeys[1].token`; empty for a rule about the whole file.
    pub field: String,
    /// The broken rule.
    pub rule: Cow<'static, str>,
}

impl ConfigError {
    /// A broken rule. `rule` must not quote the value.
    #[must_use]
    pub fn new(
        file: impl Into<String>,
        field: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            file: file.into(),
            field: field.into(),
            rule: rule.into(),
        }
    }

    /// A rule that a whole file breaks.
    pub(super) fn of_file(file: &Path, rule: impl Into<Cow<'static, str>>) -> Self {
        Self::new(file.display().to_string(), "", rule)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.file, &self.field)?;
        f.write_str(&self.rule)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

/// A setting that works, but not well. It holds no value of the configuration but the name of a Type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A callback token has fewer than 16 characters: one push is enough to guess it.
    #[non_exhaustive]
    ShortToken {
        /// The file, or the name of an instance that was built in code.
        file: String,
        /// The field as a path.
        field: String,
    },
    /// `providerCorpId` is missing: there are no authorization links, and the URL check of the console cannot require
    /// the provider's own id.
    #[non_exhaustive]
    NoProviderCorpId {
        /// The file, or the name of an instance that was built in code.
        file: String,
    },
    /// The `type` of an `e.json` is none that is known, and looks like one that is: the element is skipped.
    #[non_exhaustive]
    MisspeltType {
        /// The `e.json`.
        file: String,
        /// The `type` that it names.
        type_name: String,
        /// The Type that may be meant.
        known: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortToken { file, field } => {
                write_place(f, file, field)?;
                f.write_str("has fewer than 16 characters and may be guessed")
            }
            Self::NoProviderCorpId { file } => {
                write_place(f, file, "providerCorpId")?;
                f.write_str("is missing; there are no authorization links, and the URL check is less strict")
            }
            Self::MisspeltType {
                file,
                type_name,
                known,
            } => {
                write_place(f, file, "type")?;
                write!(
                    f,
                    "there is no Type {type_name:?}, so this element is skipped; is it {known:?}?"
                )
            }
        }
    }
}

/// Keys of JSON objects and names of files may contain anything: control characters must not break the lines of a log.
fn write_place(f: &mut fmt::Formatter<'_>, file: &str, field: &str) -> fmt::Result {
    for part in [file, field] {
        for character in part.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if !part.is_empty() {
            f.write_str(": ")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_escapes_control_characters() {
        let error = ConfigError::new("a.json", "x\ny", "must not be blank");
        assert_eq!(error.to_string(), "a.json: x\\ny: must not be blank");
        assert_eq!(
            ConfigError::new("a.json", "", "is missing").to_string(),
            "a.json: is missing"
        );
    }
}
