//! The calls of a suite: its token, the exchange of an AuthCode, a company's authorisation.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{AgentId, CorpId, SuiteId};
use crate::domain::{AuthCode, PermanentCode, SuiteAccessToken, SuiteSecret, SuiteTicket};
use crate::wecom::api::{Api, IssuedToken};
use crate::wecom::call_error::CallError;
use crate::wecom::response::{self, CorpInfo, optional, required, seconds};

/// Which of the two calls exchanges an AuthCode (D/97163).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PermanentCodeApi {
    /// The old one, which names the app too.
    V1,
    /// The one that WeCom recommends: faster, and without the app.
    V2,
}

/// What an AuthCode was exchanged for (D/97163). The permanent code is given only here: keep it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermanentCodeGrant {
    /// The secret of the company's app.
    pub permanent_code: PermanentCode,
    /// The company.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: Option<String>,
    /// Its app, which only [`PermanentCodeApi::V1`] tells.
    pub agent_id: Option<AgentId>,
    /// The state of the authorisation link, where the company came through one.
    pub state: Option<String>,
}

/// A company's authorisation (D/100795).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthInfo {
    /// The company.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: Option<String>,
    /// Its name in full.
    pub corp_full_name: Option<String>,
    /// Its app; without it there is no login link.
    pub agent_id: Option<AgentId>,
    /// The name of its app.
    pub agent_name: Option<String>,
}

#[derive(Deserialize)]
struct SuiteTokenAnswer {
    #[serde(deserialize_with = "required")]
    suite_access_token: SuiteAccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[derive(Deserialize)]
struct ExchangeAnswer {
    #[serde(deserialize_with = "required")]
    permanent_code: PermanentCode,
    auth_corp_info: CorpInfo,
    #[serde(default)]
    auth_info: Value,
    #[serde(default)]
    register_code_info: Value,
    #[serde(default, deserialize_with = "optional")]
    state: Option<String>,
}

#[derive(Deserialize)]
struct AuthInfoAnswer {
    auth_corp_info: CorpInfo,
    #[serde(default)]
    auth_info: Value,
}

impl Api {
    /// A suite's access token, for its newest suite_ticket (D/97162).
    ///
    /// # Errors
    /// Among others [`Errcode::is_ticket_invalid`](crate::wecom::Errcode::is_ticket_invalid).
    #[doc(alias = "get_suite_token")]
    pub async fn suite_token(
        &self,
        suite_id: &SuiteId,
        secret: &SuiteSecret,
        ticket: &SuiteTicket,
    ) -> Result<IssuedToken<SuiteAccessToken>, CallError> {
        let body = json!({
            "suite_id": suite_id,
            "suite_secret": secret.expose(),
            "suite_ticket": ticket.expose(),
        });
        let answer: SuiteTokenAnswer = self
            .post("service/get_suite_token", &[], Some(body))
            .await?;
        Ok(IssuedToken::new(
            answer.suite_access_token,
            answer.expires_in,
        ))
    }

    /// Exchanges the AuthCode of `create_auth` or `reset_permanent_code` for the company's permanent code (D/97163).
    ///
    /// The code is good for one answer. After an error that
    /// [may have been carried out](CallError::is_ambiguous) it may be spent.
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
        let answer: ExchangeAnswer = self
            .post(path, &query, Some(json!({ "auth_code": code.expose() })))
            .await?;
        let state_of_link = || present(answer.register_code_info.get("state"));
        Ok(PermanentCodeGrant {
            permanent_code: answer.permanent_code,
            corp_id: answer.auth_corp_info.corpid,
            corp_name: answer.auth_corp_info.corp_name,
            agent_id: response::agent(&answer.auth_info).and_then(response::agent_id),
            state: answer.state.or_else(state_of_link),
        })
    }

    /// Reads a company's authorisation (D/100795).
    ///
    /// # Errors
    /// Among others those that [break an authorisation](crate::wecom::Errcode::breaks_authorization).
    #[doc(alias = "get_auth_info")]
    pub async fn auth_info(
        &self,
        token: &SuiteAccessToken,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
    ) -> Result<AuthInfo, CallError> {
        let query = [("suite_access_token", token.expose())];
        let body = json!({ "auth_corpid": corp_id, "permanent_code": permanent_code.expose() });
        let answer: AuthInfoAnswer = self
            .post("service/v2/get_auth_info", &query, Some(body))
            .await?;
        let agent = response::agent(&answer.auth_info);
        Ok(AuthInfo {
            corp_id: answer.auth_corp_info.corpid,
            corp_name: answer.auth_corp_info.corp_name,
            corp_full_name: answer.auth_corp_info.corp_full_name,
            agent_id: agent.and_then(response::agent_id),
            agent_name: agent.and_then(|agent| present(agent.get("name"))),
        })
    }
}

fn present(value: Option<&Value>) -> Option<String> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::Double;
    use crate::wecom::{CallErrorKind, Errcode};

    #[tokio::test]
    async fn a_suite_token_is_as_documented() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","suite_access_token":"61W3mEpU66027wgNZ_MhGHNQDHnFATkDa9-2llqrMBjUwxRSNPbVsMmyD-yq8wZETSoE5NQgecigDrSHkPtIYA","expires_in":7200}"#,
        );
        let suite = SuiteId::new("wwddddccc7775555aaa").unwrap();
        let secret = SuiteSecret::new("ldAE_H9anCRN21GKXVfdAAAAAAAAAAAAAAAAAA");
        let ticket =
            SuiteTicket::new("Cfp0_givEagXcYJIztF6sfbdmIZCmpaR8ZBsvJEFFNBrWmnD5-CGYJ3_NhYexMyw");
        let granted = double
            .api()
            .suite_token(&suite, &secret, &ticket)
            .await
            .unwrap();
        assert!(granted.token.expose().starts_with("61W3mEpU"));
        assert_eq!(granted.expires_in, Duration::from_secs(7200));
        assert_eq!(double.request().line(), "POST service/get_suite_token");
        assert_eq!(
            double.request().json(),
            json!({
                "suite_id": "wwddddccc7775555aaa",
                "suite_secret": "ldAE_H9anCRN21GKXVfdAAAAAAAAAAAAAAAAAA",
                "suite_ticket": "Cfp0_givEagXcYJIztF6sfbdmIZCmpaR8ZBsvJEFFNBrWmnD5-CGYJ3_NhYexMyw",
            })
        );
    }

    async fn exchange(
        double: &Double,
        version: PermanentCodeApi,
    ) -> Result<PermanentCodeGrant, CallError> {
        let code = AuthCode::new("AUTH");
        double
            .api()
            .permanent_code(&SuiteAccessToken::new("SUITE"), &code, version)
            .await
    }

    #[tokio::test]
    async fn the_second_exchange_is_as_documented() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","permanent_code":"xxxx",
                "auth_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_user_info":{"userid":"aa","open_userid":"xxxxxx","name":"xxx","avatar":"http://xxx"},
                "register_code_info":{"register_code":"1111","template_id":"tpl111","state":"state001"},
                "state":"state001"}"#,
        );
        let exchanged = exchange(&double, PermanentCodeApi::V2).await.unwrap();
        assert_eq!(
            exchanged,
            PermanentCodeGrant {
                permanent_code: PermanentCode::new("xxxx"),
                corp_id: CorpId::new("xxxx").unwrap(),
                corp_name: Some("name".into()),
                agent_id: None,
                state: Some("state001".into()),
            }
        );
        assert_eq!(
            double.request().line(),
            "POST service/v2/get_permanent_code?suite_access_token=SUITE"
        );
        assert_eq!(double.request().json(), json!({ "auth_code": "AUTH" }));
    }

    #[tokio::test]
    async fn the_first_exchange_names_the_app_and_no_errcode() {
        let double = Double::answering(
            r#"{"permanent_code":"xxxx","dealer_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_corp_info":{"corpid":"xxxx","corp_name":"","corp_type":"verified","corp_user_max":50},
                "auth_info":{"agent":[{"agentid":1000046,"name":"NAME","is_customized_app":true,"auth_mode":1}]},
                "auth_user_info":{},"register_code_info":{"state":"fromlink"},"state":""}"#,
        );
        let exchanged = exchange(&double, PermanentCodeApi::V1).await.unwrap();
        assert_eq!(exchanged.agent_id, Some(AgentId::new(1_000_046)));
        assert_eq!(exchanged.corp_name, None);
        assert_eq!(exchanged.state.as_deref(), Some("fromlink"));
        assert_eq!(
            double.request().line(),
            "POST service/get_permanent_code?suite_access_token=SUITE"
        );
    }

    #[tokio::test]
    async fn a_permanent_code_is_not_lost_over_what_stands_beside_it() {
        let double = Double::answering(
            r#"{"permanent_code":"p","auth_corp_info":{"corpid":"wpA","corp_name":{}},"auth_info":"odd",
                "auth_user_info":null,"register_code_info":[],"state":{}}"#,
        );
        let exchanged = exchange(&double, PermanentCodeApi::V2).await.unwrap();
        assert_eq!(exchanged.permanent_code.expose(), "p");
        assert_eq!(
            (exchanged.corp_name, exchanged.agent_id, exchanged.state),
            (None, None, None)
        );
    }

    #[tokio::test]
    async fn a_spent_code_is_a_definite_refusal() {
        let double =
            Double::answering(r#"{"errcode":40078,"errmsg":" invalid auth_code, hint: [1]"}"#);
        let error = exchange(&double, PermanentCodeApi::V2).await.unwrap_err();
        assert_eq!(error.path, "service/v2/get_permanent_code");
        assert_eq!(
            error.kind,
            CallErrorKind::Refused(Errcode::INVALID_AUTH_CODE)
        );
        assert!(error.is_definite_refusal());
    }

    #[tokio::test]
    async fn an_authorisation_is_as_documented() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","dealer_corp_info":{"corpid":"xxxx","corp_name":"name"},
                "auth_corp_info":{"corpid":"wpA","corp_name":"name","corp_type":"verified","corp_full_name":"full_name",
                "corp_ex_name":{"name_list":["a"]}},
                "auth_info":{"agent":[{"agentid":1,"name":"NAME","round_logo_url":"xxxxxx","appid":1,"auth_mode":1,
                "is_customized_app":true,"privilege":{"level":0}}]}}"#,
        );
        let token = SuiteAccessToken::new("SUITE");
        let corp = CorpId::new("wpA").unwrap();
        let info = double
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
            double.request().line(),
            "POST service/v2/get_auth_info?suite_access_token=SUITE"
        );
        assert_eq!(
            double.request().json(),
            json!({ "auth_corpid": "wpA", "permanent_code": "PERM" })
        );
    }
}
