//! The profile of a member.

use serde::{Deserialize, Serialize};

/// What WeCom says about a member besides the id, as far as the corp's settings allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL of a picture; only with `snsapi_privateinfo` and consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// The mail address; only with `snsapi_privateinfo` and consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The mobile number; only with `snsapi_privateinfo` and consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
}
