//! `authConfig` as it may be shown: its secrets are masked.

use serde::Serialize;

use crate::domain::SuiteId;

/// `authConfig`, with its secrets masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthConfig {
    /// The suite.
    pub suite_id: SuiteId,
    /// `******`
    pub suite_secret: &'static str,
    /// `******`
    #[serde(rename = "encodingAESKey")]
    pub encoding_aes_key: &'static str,
    /// `******`
    pub token: &'static str,
}

impl AuthConfig {
    pub(crate) const fn new(suite_id: SuiteId) -> Self {
        const MASK: &str = "******";
        Self {
            suite_id,
            suite_secret: MASK,
            encoding_aes_key: MASK,
            token: MASK,
        }
    }
}
