//! WeCom's ids, each with a type of its own. They are opaque and compared byte for byte: encrypted ids may differ by
//! case only (D/97104). Plain corp ids are compared without case, in their normalized form.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is not such an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
#[non_exhaustive]
pub struct InvalidId {
    /// The name of the id.
    pub what: &'static str,
    /// The rule that the text breaks. The text itself is not in the error.
    pub rule: &'static str,
}

/// Tells whether a text has the alphabet of what is used in paths and links: ids, instance names, organization codes.
pub(crate) fn is_plain_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_opaque_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $accepts:path, $rule:expr) => {
        $(#[$doc])*
        ///
        /// Cheap to clone.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the id.
            ///
            /// # Errors
            /// The text breaks the rule of this id.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                if $accepts(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { what: $what, rule: $rule })
                }
            }

            /// Returns the id as WeCom writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// Byte for byte, as ids are compared.
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        /// Byte for byte, as ids are compared.
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(text).map_err(de::Error::custom)
            }
        }
    };
}

/// The rule of [`is_plain_id`], for [`InvalidId`].
const PLAIN_ID_RULE: &str = "1 to 64 characters of A-Z a-z 0-9 _ -";

text_id! {
    /// The id of a suite, which for 代开发 is that of the app template and begins with `dk` (D/97162). The prefix is not
    /// checked.
    SuiteId, "suiteId", is_plain_id, PLAIN_ID_RULE
}

text_id! {
    /// The id of a corp: plain (`ww…`), or encrypted for the provider (`wp…`, D/97104).
    CorpId, "corpId", is_plain_id, PLAIN_ID_RULE
}

text_id! {
    /// WeCom's userid of a member of a corp. It is opaque: for members of a linked corp it is `CorpId/userid`
    /// (D/96442), so it is never split and never joined with other text.
    WecomUserId, "userId", is_opaque_id, "1 to 128 characters without control characters"
}

impl CorpId {
    /// Whether this is a plain id (`ww…`), and not one that is encrypted for the provider.
    pub(crate) fn is_plain(&self) -> bool {
        let prefix = self.0.get(..2);
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case("ww"))
    }

    /// The form that ids of one corp are compared in: a plain id (`ww…`) in lower case, any other as it is. WeCom takes
    /// plain ids in either case, and tells encrypted ones apart by it (D/97104).
    #[must_use]
    pub(crate) fn normalized(&self) -> Self {
        if self.is_plain() && self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Self(self.0.to_ascii_lowercase().into())
        } else {
            self.clone()
        }
    }
}

impl WecomUserId {
    /// Tells whether this is a member of another corp, through 企业互联 or 上下游: `CorpId/userid` (D/96442).
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.as_str().contains('/')
    }
}

/// An organization code: a short text that a person can type, and that stands for one corp under one suite. It keeps
/// its spelling and is compared without case.
#[derive(Clone)]
pub struct OrganizationCode(Box<str>);

impl OrganizationCode {
    /// Parses the code.
    ///
    /// # Errors
    /// It is not 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
        let text = text.as_ref();
        if is_plain_id(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId {
                what: "code",
                rule: PLAIN_ID_RULE,
            })
        }
    }

    /// Returns the code as it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the lower-case bytes by which codes are compared.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.0.to_ascii_lowercase().into_bytes()
    }
}

impl fmt::Debug for OrganizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl PartialEq for OrganizationCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for OrganizationCode {}

impl FromStr for OrganizationCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

/// The id of a corp's app, which OAuth and QR links contain. Serialized as a JSON string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(i64);

impl AgentId {
    /// Creates an agent id from its number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AgentId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId {
            what: "agentId",
            rule: "a whole number",
        })
    }
}

impl Serialize for AgentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AgentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = AgentId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an agent id, as a number or its digits")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<AgentId, E> {
                Ok(AgentId(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AgentId, E> {
                i64::try_from(number).map(AgentId).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AgentId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests;
