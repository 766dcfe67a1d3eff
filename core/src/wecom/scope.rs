//! The scope of an OAuth link.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The scope of an OAuth link (D/96441).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// Without a prompt; returns the userid.
    #[default]
    SnsapiBase,
    /// Prompts the member, and returns a user ticket for the details that the member agrees to show.
    SnsapiPrivateinfo,
}

/// The text is not a scope of a 代开发 app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scope must be snsapi_base or snsapi_privateinfo")]
#[non_exhaustive]
pub struct InvalidScope;

impl Scope {
    /// The scope as WeCom writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SnsapiBase => "snsapi_base",
            Self::SnsapiPrivateinfo => "snsapi_privateinfo",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        match text {
            "snsapi_base" => Ok(Self::SnsapiBase),
            "snsapi_privateinfo" => Ok(Self::SnsapiPrivateinfo),
            _ => Err(InvalidScope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_text_equals_its_json() {
        for scope in [Scope::SnsapiBase, Scope::SnsapiPrivateinfo] {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(
                serde_json::from_value::<Scope>(scope.as_str().into()).unwrap(),
                scope
            );
        }
        assert_eq!("snsapi_userinfo".parse::<Scope>(), Err(InvalidScope));
    }
}
