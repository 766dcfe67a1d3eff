//! The exchange of an AuthCode for a permanent code.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{AgentId, AuthCode, CorpId, PermanentCode, SuiteAccessToken, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::auth_info::{self, CorpInfo};
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{non_blank, optional, required};

/// How long the exchange may take: WeCom answers an AuthCode once, so a slow answer is worth waiting for.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);

/// Which of the two calls exchanges an AuthCode (D/97163).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PermanentCodeApi {
    /// The older one, whose response has the app too.
    V1,
    /// The newer one, which WeCom recommends: faster, and without the app.
    V2,
}

/// The result of exchanging an AuthCode (D/97163). WeCom issues the permanent code once: store it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermanentCodeGrant {
    /// The permanent code, the secret of the corp's app.
    pub permanent_code: PermanentCode,
    /// The corp.
    pub corp_id: CorpId,
    /// The name of the corp.
    pub corp_name: Option<String>,
    /// The corp's app; only with [`PermanentCodeApi::V1`].
    pub agent_id: Option<AgentId>,
    /// The state of the authorization link, if the corp used one.
    pub state: Option<String>,
    /// The administrator who authorized the app, as WeCom's answer spells it; it may name nobody.
    pub installed_by: Option<WecomUserId>,
}

impl Api {
    /// Exchanges the AuthCode of `create_auth` or `reset_permanent_code` for the corp's permanent code (D/97163).
    ///
    /// A code can be exchanged once. After an [ambiguous](CallError::is_ambiguous) error it may be used up.
    ///
    /// # Errors
    /// Among others [`Errcode::is_auth_code_invalid`](crate::wecom::Errcode::is_auth_code_invalid).
    #[doc(alias = "get_permanent_code")]
    pub async fn permanent_code(
        &self,
        token: &SuiteAccessToken,
        code: &AuthCode,
        version: PermanentCodeApi,
    ) -> Result<PermanentCodeGrant, CallError> {
        let path = match version {
            PermanentCodeApi::V1 => "service/get_permanent_code",
            PermanentCodeApi::V2 => "service/v2/get_permanent_code",
        };
        let query = [("suite_access_token", token.expose())];
        let answer: PermanentCodeResponse = self
            .post_within(
                path,
                &query,
                Some(json!({ "auth_code": code.expose() })),
                EXCHANGE_TIMEOUT,
            )
            .await?;
        let state_of_link = || non_blank(answer.register_code_info.get("state"));
        Ok(PermanentCodeGrant {
            permanent_code: answer.permanent_code,
            corp_id: answer.auth_corp_info.corpid,
            corp_name: answer.auth_corp_info.corp_name,
            agent_id: auth_info::agent(&answer.auth_info).and_then(auth_info::agent_id),
            state: answer.state.or_else(state_of_link),
            installed_by: administrator(&answer.auth_user_info),
        })
    }
}

/// The id in `auth_user_info`, as the corp's app is told of its members.
fn administrator(auth_user_info: &Value) -> Option<WecomUserId> {
    let id = |name| {
        let text = non_blank(auth_user_info.get(name))?;
        WecomUserId::new(text).ok()
    };
    id("userid").or_else(|| id("open_userid"))
}

#[derive(Deserialize)]
struct PermanentCodeResponse {
    #[serde(deserialize_with = "required")]
    permanent_code: PermanentCode,
    auth_corp_info: CorpInfo,
    #[serde(default)]
    auth_info: Value,
    #[serde(default)]
    auth_user_info: Value,
    #[serde(default)]
    register_code_info: Value,
    #[serde(default, deserialize_with = "optional")]
    state: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;
    use crate::wecom::{CallErrorKind, Errcode};

    async fn exchange(
        mock: &MockWecom,
        version: PermanentCodeApi,
    ) -> Result<PermanentCodeGrant, CallError> {
        let code = AuthCode::new("AUTH");
        mock.api()
            .permanent_code(&SuiteAccessToken::new("SUITE"), &code, version)
            .await
    }

    #[tokio::test]
    async fn permanent_code_v2_parses_documented_response() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","permanent_code":"xxxx",
                "auth_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_user_info":{"userid":"aa","open_userid":"xxxxxx","name":"xxx","avatar":"http://xxx"},
                "register_code_info":{"register_code":"1111","template_id":"tpl111","state":"state001"},
                "state":"state001"}"#,
        );
        let exchanged = exchange(&mock, PermanentCodeApi::V2).await.unwrap();
        assert_eq!(
            exchanged,
            PermanentCodeGrant {
                permanent_code: PermanentCode::new("xxxx"),
                corp_id: CorpId::new("xxxx").unwrap(),
                corp_name: Some("name".into()),
                agent_id: None,
                state: Some("state001".into()),
                installed_by: Some(WecomUserId::new("aa").unwrap()),
            }
        );
        assert_eq!(
            mock.request().line(),
            "POST service/v2/get_permanent_code?suite_access_token=SUITE"
        );
        assert_eq!(mock.request().json(), json!({ "auth_code": "AUTH" }));
    }

    #[tokio::test]
    async fn permanent_code_v1_has_agent_and_no_errcode() {
        let mock = MockWecom::responding(
            r#"{"permanent_code":"xxxx","dealer_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_corp_info":{"corpid":"xxxx","corp_name":"","corp_type":"verified","corp_user_max":50},
                "auth_info":{"agent":[{"agentid":1000046,"name":"NAME","is_customized_app":true,"auth_mode":1}]},
                "auth_user_info":{"userid":"","open_userid":"woA"},"register_code_info":{"state":"fromlink"},"state":""}"#,
        );
        let exchanged = exchange(&mock, PermanentCodeApi::V1).await.unwrap();
        assert_eq!(exchanged.agent_id, Some(AgentId::new(1_000_046)));
        assert_eq!(exchanged.corp_name, None);
        assert_eq!(exchanged.state.as_deref(), Some("fromlink"));
        assert_eq!(exchanged.installed_by, WecomUserId::new("woA").ok());
        assert_eq!(
            mock.request().line(),
            "POST service/get_permanent_code?suite_access_token=SUITE"
        );
    }

    #[tokio::test]
    async fn permanent_code_survives_malformed_optional_fields() {
        let mock = MockWecom::responding(
            r#"{"permanent_code":"p","auth_corp_info":{"corpid":"wpA","corp_name":{}},"auth_info":"odd",
                "auth_user_info":null,"register_code_info":[],"state":{}}"#,
        );
        let exchanged = exchange(&mock, PermanentCodeApi::V2).await.unwrap();
        assert_eq!(exchanged.permanent_code.expose(), "p");
        assert_eq!(
            (exchanged.corp_name, exchanged.agent_id, exchanged.state),
            (None, None, None)
        );
    }

    #[tokio::test]
    async fn permanent_code_with_spent_code_is_definite_refusal() {
        let mock =
            MockWecom::responding(r#"{"errcode":40078,"errmsg":" invalid auth_code, hint: [1]"}"#);
        let error = exchange(&mock, PermanentCodeApi::V2).await.unwrap_err();
        assert_eq!(error.path, "service/v2/get_permanent_code");
        assert_eq!(
            error.kind,
            CallErrorKind::Refused(Errcode::INVALID_AUTH_CODE)
        );
        assert!(error.is_definite_refusal());
    }
}
