//! Why a command could not do what it was asked for.

use std::fmt;

/// One sentence that says what to do.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// The exit status of a command that could not.
    pub(crate) const STATUS: u8 = 2;

    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<wecom_login::Error> for Failure {
    fn from(error: wecom_login::Error) -> Self {
        Self(error.to_string())
    }
}

/// The result of a part of a command.
pub(crate) type Result<T> = std::result::Result<T, Failure>;
