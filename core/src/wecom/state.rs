//! The `state` of links, which WeCom returns unchanged.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The text is not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state must be 1 to {max} characters of A-Z a-z 0-9")]
#[non_exhaustive]
pub struct InvalidState {
    /// The maximum length in bytes.
    pub max: usize,
}

impl From<InvalidState> for Error {
    fn from(error: InvalidState) -> Self {
        Self::new(ErrorKind::ApiParams, error.to_string())
    }
}

macro_rules! state {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses a state.
            ///
            /// # Errors
            /// The text is empty, too long, or has characters other than letters and digits.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidState> {
                let text = text.as_ref();
                if (1..=$max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidState { max: $max })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidState;

            fn from_str(text: &str) -> Result<Self, InvalidState> {
                Self::new(text)
            }
        }
    };
}

state! {
    /// The state of a login link: letters and digits, at most 128 bytes (D/96441).
    State, 128
}
state! {
    /// The state of an authorization link: letters and digits, at most 32 bytes (D/98744).
    InstallState, 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_accepts_documented_alphabet_and_length() {
        assert!(State::new("a".repeat(128)).is_ok());
        assert!(State::new("a".repeat(129)).is_err());
        assert!(InstallState::new("Z9".repeat(16)).is_ok());
        assert_eq!(
            InstallState::new("a".repeat(33)),
            Err(InvalidState { max: 32 })
        );
        for bad in ["", "a b", "a-b", "a_b", "企", "a&b", "a\n"] {
            assert!(State::new(bad).is_err(), "{bad:?}");
            assert!(InstallState::new(bad).is_err(), "{bad:?}");
        }
    }
}
