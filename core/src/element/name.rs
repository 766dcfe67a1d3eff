//! The full name of an instance.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::domain::is_plain_id;

/// The prefix of every full name.
const PREFIX: &str = "auths.";

/// The first segments of the HTTP routes, which no instance may be named like.
const ROUTES: [&str; 21] = [
    "admin",
    "callback",
    "callbackRecords",
    "corps",
    "forwardAuth",
    "health",
    "getLoginConfig",
    "getLoginConfigByCode",
    "jsConfig",
    "login",
    "loginByCode",
    "loginByMiniProgram",
    "loginByWorkbench",
    "logout",
    "logoutAll",
    "me",
    "notify",
    "openapi.json",
    "retryCallBack",
    "sessions",
    "setCode",
];

/// The first segment of the names of Types, such as `auths.loginTypes.QywxProxyType`.
const TYPES_SEGMENT: &str = "loginTypes";

/// A text that is not a valid name of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of an instance {rule}")]
#[non_exhaustive]
pub struct InvalidInstanceName {
    /// The rule that the name breaks.
    pub rule: &'static str,
}

/// The full name of an instance: `auths.` and the path of its directory, with dots.
///
/// ```
/// use wecom_login::element::InstanceName;
///
/// let name: InstanceName = "auths.QywxProxyTemp".parse()?;
/// assert_eq!(name.short(), "QywxProxyTemp");
/// # Ok::<(), wecom_login::element::InvalidInstanceName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceName {
    full: Box<str>,
}

impl InstanceName {
    /// Parses a full name, such as `auths.QywxProxyTemp`.
    ///
    /// # Errors
    /// It does not begin with `auths.`, a part is not 1 to 64 of `A-Z a-z 0-9 _ -`, the name is a route of our
    /// own, or it begins with `auths.loginTypes`.
    pub fn new(full: impl AsRef<str>) -> Result<Self, InvalidInstanceName> {
        let Some(short) = full.as_ref().strip_prefix(PREFIX) else {
            return Err(InvalidInstanceName {
                rule: "must begin with `auths.`",
            });
        };
        Self::from_segments(short.split('.'))
    }

    /// The name of the instance in this directory, given as its segments below the root.
    ///
    /// # Errors
    /// As [`new`](Self::new); there has to be a segment.
    pub fn from_segments<'a>(
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidInstanceName> {
        let mut full = String::from("auths");
        for (position, segment) in segments.into_iter().enumerate() {
            if !is_plain_id(segment) {
                return Err(InvalidInstanceName {
                    rule: "must be made of parts of 1 to 64 characters of A-Z a-z 0-9 _ -",
                });
            }
            if position == 0 && segment == TYPES_SEGMENT {
                return Err(InvalidInstanceName {
                    rule: "must not be below `auths.loginTypes`",
                });
            }
            full.push('.');
            full.push_str(segment);
        }
        let Some(short) = full.strip_prefix(PREFIX) else {
            return Err(InvalidInstanceName {
                rule: "needs a directory of its own below the root",
            });
        };
        if ROUTES.contains(&short) {
            return Err(InvalidInstanceName {
                rule: "must not be the name of an HTTP route",
            });
        }
        Ok(Self {
            full: full.into_boxed_str(),
        })
    }

    /// The full name.
    #[must_use]
    pub fn full(&self) -> &str {
        &self.full
    }

    /// The name without `auths.`, as in a URL: `/{Instance}/getLoginConfig`.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.full[PREFIX.len()..]
    }
}

impl fmt::Debug for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.full)
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

impl FromStr for InstanceName {
    type Err = InvalidInstanceName;

    fn from_str(full: &str) -> Result<Self, InvalidInstanceName> {
        Self::new(full)
    }
}

impl Serialize for InstanceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_joins_segments_with_dots() {
        let name = InstanceName::from_segments(["north", "QywxProxyTemp"]).unwrap();
        assert_eq!(name.full(), "auths.north.QywxProxyTemp");
        assert_eq!(name.short(), "north.QywxProxyTemp");
        assert_eq!(InstanceName::new(name.full()), Ok(name));
    }

    #[test]
    fn name_checks_alphabet_and_length_of_segments() {
        let longest = format!("auths.{}", "x".repeat(64));
        assert!(InstanceName::new(&longest).is_ok());
        for bad in [
            "",
            "auths",
            "auths.",
            "auths..A",
            "auths.A.",
            "auths.a b",
            "auths.企业",
            "other.A",
            "A",
        ] {
            assert!(InstanceName::new(bad).is_err(), "{bad}");
        }
        assert!(InstanceName::new(format!("{longest}x")).is_err());
        assert!(
            InstanceName::from_segments(["a.b"]).is_err(),
            "a dot would make two parts of one"
        );
        assert!(InstanceName::from_segments([]).is_err());
    }

    #[test]
    fn name_rejects_routes_and_types() {
        for route in ROUTES {
            assert!(InstanceName::from_segments([route]).is_err(), "{route}");
            assert!(
                InstanceName::from_segments([route, "A"]).is_ok(),
                "{route}.A is no route"
            );
        }
        assert!(InstanceName::from_segments(["loginTypes"]).is_err());
        assert!(InstanceName::from_segments(["loginTypes", "QywxProxyType"]).is_err());
        assert!(InstanceName::from_segments(["A", "loginTypes"]).is_ok());
    }
}
