//! What the methods of the reference page return, in the form of the wire.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::{AgentId, CorpId, SuiteId, WecomUserId};
use crate::domain::{LoginCode, serialize_exposed};
use crate::domain::{LoginType, Platform, Profile};

use crate::session::{CurrentUser, SessionRow, SessionToken};

/// What a client needs to show the login of an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginConfig {
    /// The suite; none for an instance of a Type of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite_id: Option<SuiteId>,
    /// The company that the instance is pinned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<CorpId>,
    /// That company's app, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Whether people can log in.
    pub is_active: bool,
    /// The Type.
    pub auth_type: String,
    /// What a Type of your own adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `authConfig`, with its secrets covered.
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
        const COVERED: &str = "******";
        Self {
            suite_id,
            suite_secret: COVERED,
            encoding_aes_key: COVERED,
            token: COVERED,
        }
    }
}

/// A company that a person may enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorpChoice {
    /// The company.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: String,
}

impl CorpChoice {
    pub(crate) const fn new(corp_id: CorpId, corp_name: String) -> Self {
        Self { corp_id, corp_name }
    }
}

/// A login code and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginCodeResult {
    /// Single use, 300 seconds.
    #[serde(serialize_with = "serialize_exposed")]
    pub login_code: LoginCode,
    /// The companies it can be exchanged for a session in.
    pub corp_list: Vec<CorpChoice>,
    /// The host app's user.
    pub user_id: String,
}

impl LoginCodeResult {
    pub(crate) const fn new(
        login_code: LoginCode,
        corp_list: Vec<CorpChoice>,
        user_id: String,
    ) -> Self {
        Self {
            login_code,
            corp_list,
            user_id,
        }
    }
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserSummary {
    /// The host app's user.
    pub user_id: String,
    /// WeCom's userid.
    pub third_user_id: WecomUserId,
    /// The company.
    pub corp_id: CorpId,
    /// Name, picture, mail and mobile, as far as they are known.
    #[serde(flatten)]
    pub profile: Profile,
}

impl UserSummary {
    pub(crate) fn new(user: &CurrentUser) -> Self {
        Self {
            user_id: user.user_id().to_owned(),
            third_user_id: user.third_user_id().clone(),
            corp_id: user.corp_id().clone(),
            profile: user.profile().clone(),
        }
    }
}

/// A login that succeeded.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginResult {
    /// Always `true`: a login that fails is an error.
    pub success: bool,
    /// What the client sends as `Authorization: Bearer …`.
    #[serde(serialize_with = "serialize_exposed")]
    pub token: SessionToken,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// After so many seconds without a request the session ends.
    pub expires_in: u64,
    /// What the session is for.
    pub platform: Platform,
    /// The host app's user.
    pub user_id: String,
    /// The company that was entered.
    pub corp_id: CorpId,
    /// Who logged in.
    pub user: UserSummary,
    /// The companies that the person may enter.
    pub corp_list: Vec<CorpChoice>,
}

impl LoginResult {
    pub(crate) fn new(
        token: SessionToken,
        user: &CurrentUser,
        idle_secs: u64,
        corp_list: Vec<CorpChoice>,
    ) -> Self {
        Self {
            success: true,
            token,
            token_type: "Bearer",
            expires_in: idle_secs,
            platform: user.platform(),
            user_id: user.user_id().to_owned(),
            corp_id: user.corp_id().clone(),
            user: UserSummary::new(user),
            corp_list,
        }
    }
}

/// The way to the QR code of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OrgCodeLogin {
    /// The company.
    pub corp_id: CorpId,
    /// Its app.
    pub agent_id: AgentId,
}

impl OrgCodeLogin {
    pub(crate) const fn new(corp_id: CorpId, agent_id: AgentId) -> Self {
        Self { corp_id, agent_id }
    }
}

/// One session of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionSummary {
    /// Names the session; it is no credential.
    pub id: String,
    /// The suite.
    pub suite_id: SuiteId,
    /// The company.
    pub corp_id: CorpId,
    /// The full name of the instance that it began at.
    pub instance: String,
    /// What it is for.
    pub platform: Platform,
    /// How it began.
    pub login_type: LoginType,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within 1/96 of the idle timeout.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl SessionSummary {
    pub(crate) fn of_row(row: SessionRow, current: &CurrentUser) -> crate::error::Result<Self> {
        Ok(Self {
            current: row.id == current.session_id(),
            id: row.id,
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            instance: row.instance,
            platform: row.platform.parse()?,
            login_type: row.login_type.parse()?,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        })
    }

    pub(crate) fn of_current(user: &CurrentUser) -> Self {
        Self {
            id: user.session_id().to_owned(),
            suite_id: user.suite_id().clone(),
            corp_id: user.corp_id().clone(),
            instance: user.instance().to_owned(),
            platform: user.platform(),
            login_type: user.login_type(),
            created_at: user.created_at(),
            last_seen_at: user.last_seen_at(),
            expires_at: user.expires_at(),
            current: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_code_is_written_to_its_owner_and_not_printed() {
        let result = LoginCodeResult::new(LoginCode::new("hush"), Vec::new(), "7".to_owned());
        assert!(!format!("{result:?}").contains("hush"));
        assert_eq!(serde_json::to_value(&result).unwrap()["loginCode"], "hush");
    }
}
