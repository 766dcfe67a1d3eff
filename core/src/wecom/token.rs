//! The calls that return access tokens: of a corp's app, of a suite, of the provider.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::{
    AccessToken, CorpId, PermanentCode, ProviderAccessToken, ProviderSecret, SuiteAccessToken,
    SuiteId, SuiteSecret, SuiteTicket,
};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{required, seconds};

/// A token that WeCom issued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken<T> {
    /// The token.
    pub token: T,
    /// How long the token is valid, unless WeCom invalidates it earlier: 2 h from its creation.
    pub expires_in: Duration,
}

impl<T> IssuedToken<T> {
    /// A token with its validity.
    #[must_use]
    pub const fn new(token: T, expires_in: Duration) -> Self {
        Self { token, expires_in }
    }
}

impl Api {
    /// The access token of a corp's app, whose secret is the permanent code (D/97164).
    ///
    /// # Errors
    /// Among others those that [break an authorization](crate::wecom::Errcode::breaks_authorization).
    #[doc(alias = "gettoken")]
    pub async fn app_token(
        &self,
        corp_id: &CorpId,
        permanent_code: &PermanentCode,
    ) -> Result<IssuedToken<AccessToken>, CallError> {
        let query = [
            ("corpid", corp_id.as_str()),
            ("corpsecret", permanent_code.expose()),
        ];
        let answer: AppTokenResponse = self.read("gettoken", &query).await?;
        Ok(IssuedToken::new(answer.access_token, answer.expires_in))
    }

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
        let answer: SuiteTokenResponse = self
            .read_by_post("service/get_suite_token", &[], Some(body))
            .await?;
        Ok(IssuedToken::new(
            answer.suite_access_token,
            answer.expires_in,
        ))
    }

    /// The provider's access token (D/96237).
    ///
    /// # Errors
    /// As every call; 40001 says that the provider's secret is wrong.
    #[doc(alias = "get_provider_token")]
    pub async fn provider_token(
        &self,
        corp_id: &CorpId,
        secret: &ProviderSecret,
    ) -> Result<IssuedToken<ProviderAccessToken>, CallError> {
        let body = json!({ "corpid": corp_id, "provider_secret": secret.expose() });
        let answer: ProviderTokenResponse = self
            .read_by_post("service/get_provider_token", &[], Some(body))
            .await?;
        Ok(IssuedToken::new(
            answer.provider_access_token,
            answer.expires_in,
        ))
    }
}

#[derive(Deserialize)]
struct AppTokenResponse {
    #[serde(deserialize_with = "required")]
    access_token: AccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[derive(Deserialize)]
struct SuiteTokenResponse {
    #[serde(deserialize_with = "required")]
    suite_access_token: SuiteAccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[derive(Deserialize)]
struct ProviderTokenResponse {
    #[serde(deserialize_with = "required")]
    provider_access_token: ProviderAccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn app_token_parses_documented_response() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}"#,
        );
        let corp = CorpId::new("ID").unwrap();
        let granted = mock
            .api()
            .app_token(&corp, &PermanentCode::new("PERMANENT_CODE"))
            .await
            .unwrap();
        assert_eq!(
            granted,
            IssuedToken::new(
                AccessToken::new("accesstoken000001"),
                Duration::from_secs(7200)
            )
        );
        assert_eq!(
            mock.request().line(),
            "GET gettoken?corpid=ID&corpsecret=PERMANENT_CODE"
        );
        assert_eq!(mock.request().body, "");
        assert_eq!(mock.request().content_type, None);
    }

    #[tokio::test]
    async fn suite_token_parses_documented_response() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","suite_access_token":"61W3mEpU66027wgNZ_MhGHNQDHnFATkDa9-2llqrMBjUwxRSNPbVsMmyD-yq8wZETSoE5NQgecigDrSHkPtIYA","expires_in":7200}"#,
        );
        let suite = SuiteId::new("wwddddccc7775555aaa").unwrap();
        let secret = SuiteSecret::new("ldAE_H9anCRN21GKXVfdAAAAAAAAAAAAAAAAAA");
        let ticket =
            SuiteTicket::new("Cfp0_givEagXcYJIztF6sfbdmIZCmpaR8ZBsvJEFFNBrWmnD5-CGYJ3_NhYexMyw");
        let granted = mock
            .api()
            .suite_token(&suite, &secret, &ticket)
            .await
            .unwrap();
        assert!(granted.token.expose().starts_with("61W3mEpU"));
        assert_eq!(granted.expires_in, Duration::from_secs(7200));
        assert_eq!(mock.request().line(), "POST service/get_suite_token");
        assert_eq!(
            mock.request().json(),
            json!({
                "suite_id": "wwddddccc7775555aaa",
                "suite_secret": "ldAE_H9anCRN21GKXVfdAAAAAAAAAAAAAAAAAA",
                "suite_ticket": "Cfp0_givEagXcYJIztF6sfbdmIZCmpaR8ZBsvJEFFNBrWmnD5-CGYJ3_NhYexMyw",
            })
        );
    }

    #[tokio::test]
    async fn provider_token_parses_response_without_errcode() {
        let mock = MockWecom::responding(
            r#"{"provider_access_token":"enLSZ5xxxxxxJRL","expires_in":7200}"#,
        );
        let corp = CorpId::new("xxxxx").unwrap();
        let granted = mock
            .api()
            .provider_token(&corp, &ProviderSecret::new("xxx"))
            .await
            .unwrap();
        assert_eq!(granted.token.expose(), "enLSZ5xxxxxxJRL");
        assert_eq!(granted.expires_in, Duration::from_secs(7200));
        assert_eq!(mock.request().line(), "POST service/get_provider_token");
        assert_eq!(
            mock.request().json(),
            json!({ "corpid": "xxxxx", "provider_secret": "xxx" })
        );
    }

    #[tokio::test]
    async fn provider_token_with_wrong_secret_is_refused() {
        let mock = MockWecom::responding(r#"{"errcode":40001,"errmsg":"invalid credential"}"#);
        let corp = CorpId::new("xxxxx").unwrap();
        let error = mock
            .api()
            .provider_token(&corp, &ProviderSecret::new("xxx"))
            .await
            .unwrap_err();
        assert!(error.errcode().unwrap().is_secret_invalid());
    }
}
