//! The calls of the provider: authorization links.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::{ProviderAccessToken, SuiteId};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{required, seconds};
use crate::wecom::state::InstallState;

/// A link that an administrator opens or scans to authorize apps (D/98744).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationLink {
    /// The link, to be shown as a QR code. Opaque, for a browser only.
    pub url: String,
    /// How long the link is valid: ten days from its creation.
    pub expires_in: Duration,
}

#[derive(Deserialize)]
struct LinkResponse {
    #[serde(deserialize_with = "required")]
    qrcode_url: String,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

impl Api {
    /// A link by which a corp authorizes the apps of 1 to 9 templates (D/98744). `state` comes back in
    /// `create_auth` and in [`PermanentCodeGrant`](crate::wecom::PermanentCodeGrant).
    ///
    /// # Errors
    /// As every call; WeCom refuses an empty list and more than nine.
    #[doc(alias = "get_customized_auth_url")]
    pub async fn customized_auth_url(
        &self,
        token: &ProviderAccessToken,
        state: &InstallState,
        templates: &[SuiteId],
    ) -> Result<AuthorizationLink, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "state": state.as_str(), "templateid_list": templates });
        let answer: LinkResponse = self
            .read_by_post("service/get_customized_auth_url", &query, Some(body))
            .await?;
        Ok(AuthorizationLink {
            url: answer.qrcode_url,
            expires_in: answer.expires_in,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn customized_auth_url_parses_documented_response() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","qrcode_url":"xxxxx","expires_in":864000}"#,
        );
        let token = ProviderAccessToken::new("PROVIDER");
        let templates = ["dk1", "dk2"].map(|id| SuiteId::new(id).unwrap());
        let state = InstallState::new("test").unwrap();
        let link = mock
            .api()
            .customized_auth_url(&token, &state, &templates)
            .await
            .unwrap();
        assert_eq!(link.url, "xxxxx");
        assert_eq!(link.expires_in, Duration::from_secs(864_000));
        let line = "POST service/get_customized_auth_url?provider_access_token=PROVIDER";
        assert_eq!(mock.request().line(), line);
        assert_eq!(
            mock.request().json(),
            json!({ "state": "test", "templateid_list": ["dk1", "dk2"] })
        );
    }
}
