//! The results of the reference page's methods, as they are on the wire.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::domain::{AgentId, CorpId, LoginCode, Platform, SuiteId, serialize_exposed};
use crate::session::{CurrentUser, SessionToken, UserSummary};

/// What a client needs to show the login of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// A company that a person may enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// By this name, because serde would borrow a `&'static str` from what it reads.
type StaticText = &'static str;

/// A login that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoginResult {
    /// Always `true`: a login that fails is an error.
    pub success: bool,
    /// What the client sends as `Authorization: Bearer …`.
    #[serde(serialize_with = "serialize_exposed")]
    pub token: SessionToken,
    /// Always `Bearer`.
    #[serde(deserialize_with = "deserialize_bearer")]
    pub token_type: StaticText,
    /// The seconds without a request after which the session ends.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

fn deserialize_bearer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<&'static str, D::Error> {
    match &*String::deserialize(deserializer)? {
        "Bearer" => Ok("Bearer"),
        _ => Err(D::Error::custom("tokenType must be Bearer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_reads_a_login_result() {
        let sent = serde_json::json!({
            "success": true, "token": "hush", "tokenType": "Bearer", "expiresIn": 86400, "platform": "web",
            "userId": "7", "corpId": "wpAb",
            "user": {"userId": "7", "thirdUserId": "zhangwei", "corpId": "wpAb", "name": "张伟"},
            "corpList": [{"corpId": "wpAb", "corpName": "示例"}],
        });
        let result: LoginResult = serde_json::from_value(sent.clone()).unwrap();
        assert!(!format!("{result:?}").contains("hush"));
        assert_eq!(result.user.profile.name.as_deref(), Some("张伟"));
        assert_eq!(serde_json::to_value(&result).unwrap(), sent);
    }

    #[test]
    fn a_login_code_is_written_to_its_owner_and_not_printed() {
        let result = LoginCodeResult::new(LoginCode::new("hush"), Vec::new(), "7".to_owned());
        assert!(!format!("{result:?}").contains("hush"));
        assert_eq!(serde_json::to_value(&result).unwrap()["loginCode"], "hush");
    }
}
