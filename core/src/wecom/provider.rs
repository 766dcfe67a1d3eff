//! The calls of the provider itself: authorisation links, and the encrypted id of a company.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::{CorpId, SuiteId};
use crate::domain::{ProviderAccessToken, ProviderSecret};
use crate::wecom::api::{Api, IssuedToken};
use crate::wecom::call_error::CallError;
use crate::wecom::response::{required, seconds};
use crate::wecom::state::InstallState;

/// What an administrator opens or scans to authorise apps (D/98744).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationLink {
    /// The link, to be shown as a QR code. Opaque, and for a browser only: nothing here ever calls it.
    pub url: String,
    /// How long it is good: ten days when it is new.
    pub expires_in: Duration,
}

#[derive(Deserialize)]
struct ProviderTokenAnswer {
    #[serde(deserialize_with = "required")]
    provider_access_token: ProviderAccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[derive(Deserialize)]
struct LinkAnswer {
    #[serde(deserialize_with = "required")]
    qrcode_url: String,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

#[derive(Deserialize)]
struct OpenCorpIdAnswer {
    open_corpid: CorpId,
}

impl Api {
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
        let answer: ProviderTokenAnswer = self
            .post("service/get_provider_token", &[], Some(body))
            .await?;
        Ok(IssuedToken::new(
            answer.provider_access_token,
            answer.expires_in,
        ))
    }

    /// A link by which a company authorises the apps of 1 to 9 templates (D/98744). `state` comes back in
    /// `create_auth` and in [`PermanentCodeGrant`](crate::wecom::PermanentCodeGrant).
    ///
    /// # Errors
    /// As every call; WeCom refuses an empty list and one over nine.
    #[doc(alias = "get_customized_auth_url")]
    pub async fn customized_auth_url(
        &self,
        token: &ProviderAccessToken,
        state: &InstallState,
        templates: &[SuiteId],
    ) -> Result<AuthorizationLink, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "state": state.as_str(), "templateid_list": templates });
        let answer: LinkAnswer = self
            .post("service/get_customized_auth_url", &query, Some(body))
            .await?;
        Ok(AuthorizationLink {
            url: answer.qrcode_url,
            expires_in: answer.expires_in,
        })
    }

    /// The encrypted id of a company whose plain id is known (D/97105).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "corpid_to_opencorpid")]
    pub async fn open_corp_id(
        &self,
        token: &ProviderAccessToken,
        plain: &CorpId,
    ) -> Result<CorpId, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "corpid": plain });
        let answer: OpenCorpIdAnswer = self
            .post("service/corpid_to_opencorpid", &query, Some(body))
            .await?;
        Ok(answer.open_corpid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::Double;

    #[tokio::test]
    async fn a_provider_token_comes_without_errcode() {
        let double =
            Double::answering(r#"{"provider_access_token":"enLSZ5xxxxxxJRL","expires_in":7200}"#);
        let corp = CorpId::new("xxxxx").unwrap();
        let granted = double
            .api()
            .provider_token(&corp, &ProviderSecret::new("xxx"))
            .await
            .unwrap();
        assert_eq!(granted.token.expose(), "enLSZ5xxxxxxJRL");
        assert_eq!(granted.expires_in, Duration::from_secs(7200));
        assert_eq!(double.request().line(), "POST service/get_provider_token");
        assert_eq!(
            double.request().json(),
            json!({ "corpid": "xxxxx", "provider_secret": "xxx" })
        );
    }

    #[tokio::test]
    async fn a_wrong_provider_secret_is_told() {
        let double = Double::answering(r#"{"errcode":40001,"errmsg":"invalid credential"}"#);
        let corp = CorpId::new("xxxxx").unwrap();
        let error = double
            .api()
            .provider_token(&corp, &ProviderSecret::new("xxx"))
            .await
            .unwrap_err();
        assert!(error.errcode().unwrap().is_secret_invalid());
    }

    #[tokio::test]
    async fn an_authorisation_link_is_as_documented() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","qrcode_url":"xxxxx","expires_in":864000}"#,
        );
        let token = ProviderAccessToken::new("PROVIDER");
        let templates = ["dk1", "dk2"].map(|id| SuiteId::new(id).unwrap());
        let state = InstallState::new("test").unwrap();
        let link = double
            .api()
            .customized_auth_url(&token, &state, &templates)
            .await
            .unwrap();
        assert_eq!(link.url, "xxxxx");
        assert_eq!(link.expires_in, Duration::from_secs(864_000));
        let line = "POST service/get_customized_auth_url?provider_access_token=PROVIDER";
        assert_eq!(double.request().line(), line);
        assert_eq!(
            double.request().json(),
            json!({ "state": "test", "templateid_list": ["dk1", "dk2"] })
        );
    }

    #[tokio::test]
    async fn an_encrypted_corp_id_is_as_documented() {
        let double = Double::answering(r#"{"errcode":0,"errmsg":"ok","open_corpid":"AAAAAA"}"#);
        let token = ProviderAccessToken::new("PROVIDER");
        let open = double
            .api()
            .open_corp_id(&token, &CorpId::new("xxxxx").unwrap())
            .await
            .unwrap();
        assert_eq!(open.as_str(), "AAAAAA");
        assert_eq!(
            double.request().line(),
            "POST service/corpid_to_opencorpid?provider_access_token=PROVIDER"
        );
        assert_eq!(double.request().json(), json!({ "corpid": "xxxxx" }));
    }
}
