//! A corp's authorization as WeCom describes it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{AgentId, CorpId, PermanentCode, SuiteAccessToken};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{non_blank, number, optional};

/// A corp's authorization of a suite (D/100795).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthInfo {
    /// The corp.
    pub corp_id: CorpId,
    /// The name of the corp.
    pub corp_name: Option<String>,
    /// The full name of the corp.
    pub corp_full_name: Option<String>,
    /// The corp's app; a login link needs it.
    pub agent_id: Option<AgentId>,
    /// The name of the corp's app.
    pub agent_name: Option<String>,
}

impl Api {
    /// Reads a corp's authorization (D/100795).
    ///
    /// # Errors
    /// Among others those that [break an authorization](crate::wecom::Errcode::breaks_authorization).
    #[doc(alias = "get_auth_info")]
    pub async fn auth_info(
        &self,
        token: &SuiteAccessToken,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
    ) -> Result<AuthInfo, CallError> {
        let query = [("suite_access_token", token.expose())];
        let body = json!({ "auth_corpid": corp_id, "permanent_code": permanent_code.expose() });
        let answer: AuthInfoResponse = self
            .read_by_post("service/v2/get_auth_info", &query, Some(body))
            .await?;
        let agent = agent(&answer.auth_info);
        Ok(AuthInfo {
            corp_id: answer.auth_corp_info.corpid,
            corp_name: answer.auth_corp_info.corp_name,
            corp_full_name: answer.auth_corp_info.corp_full_name,
            agent_id: agent.and_then(agent_id),
            agent_name: agent.and_then(|agent| non_blank(agent.get("name"))),
        })
    }
}

/// `auth_corp_info`.
#[derive(Deserialize)]
pub(super) struct CorpInfo {
    pub(super) corpid: CorpId,
    #[serde(default, deserialize_with = "optional")]
    pub(super) corp_name: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    pub(super) corp_full_name: Option<String>,
}

/// The app of `auth_info.agent[]`: a suite has one in each corp. Of several, the one that is marked as customized
/// (D/97163).
pub(super) fn agent(auth_info: &Value) -> Option<&Value> {
    let agents = auth_info.get("agent")?.as_array()?;
    agents
        .iter()
        .find(|agent| agent.get("is_customized_app") == Some(&Value::Bool(true)))
        .or_else(|| agents.first())
}

/// The `agentid` of an app.
pub(super) fn agent_id(agent: &Value) -> Option<AgentId> {
    number(agent.get("agentid")?).map(AgentId::new)
}

#[derive(Deserialize)]
struct AuthInfoResponse {
    auth_corp_info: CorpInfo,
    #[serde(default)]
    auth_info: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn an_authorization_is_as_documented() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","dealer_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_corp_info":{"corpid":"wpA","corp_name":"name","corp_type":"verified","corp_full_name":"full_name",
                "corp_ex_name":{"name_list":["a"]}},
                "auth_info":{"agent":[{"agentid":1,"name":"NAME","round_logo_url":"xxxxxx","appid":1,"auth_mode":1,
                "is_customized_app":true,"privilege":{"level":0}}]}}"#,
        );
        let token = SuiteAccessToken::new("SUITE");
        let corp = CorpId::new("wpA").unwrap();
        let info = mock
            .api()
            .auth_info(&token, &corp, &PermanentCode::new("PERM"))
            .await
            .unwrap();
        assert_eq!(
            info,
            AuthInfo {
                corp_id: corp,
                corp_name: Some("name".into()),
                corp_full_name: Some("full_name".into()),
                agent_id: Some(AgentId::new(1)),
                agent_name: Some("NAME".into()),
            }
        );
        assert_eq!(
            mock.request().line(),
            "POST service/v2/get_auth_info?suite_access_token=SUITE"
        );
        assert_eq!(
            mock.request().json(),
            json!({ "auth_corpid": "wpA", "permanent_code": "PERM" })
        );
    }

    #[test]
    fn of_several_apps_the_customized_one_is_ours() {
        let info = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let read = |json: &str| agent(&info(json)).and_then(agent_id);
        assert_eq!(
            read(r#"{"agent":[{"agentid":1,"is_customized_app":false}]}"#),
            Some(AgentId::new(1))
        );
        let two = r#"{"agent":[{"agentid":1},{"agentid":"1000002","is_customized_app":true}]}"#;
        assert_eq!(read(two), Some(AgentId::new(1_000_002)));
        for none in [
            "null",
            "{}",
            r#"{"agent":[]}"#,
            r#"{"agent":[{}]}"#,
            r#"{"agent":[{"agentid":""}]}"#,
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
