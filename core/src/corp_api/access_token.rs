//! The access token itself, for those who must have its text.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::corp_api::corp_api::{CorpApi, CorpApiDeps};
use crate::domain::{AccessToken, CorpId, SuiteId, serialize_exposed};
use crate::error::Result;

/// The access token of a corp's app (D/97164). It is a secret: whoever has it can do all that the app may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorpAccessToken {
    /// The token.
    #[serde(serialize_with = "serialize_exposed")]
    pub access_token: AccessToken,
    /// When it expires, unless WeCom invalidates it earlier.
    pub expires_at: Timestamp,
}

impl CorpApi {
    /// The corp's access token, for code that makes calls by other means: ask for it before each call, and do not store it.
    /// [`get`](Self::get), [`post`](Self::post) and [`upload`](Self::upload) need none.
    ///
    /// ```no_run
    /// # async fn read(corp: wecom_login::CorpApi) -> wecom_login::Result<()> {
    /// let issued = corp.access_token().await?;
    /// let url = format!("https://qyapi.weixin.qq.com/cgi-bin/…?access_token={}", issued.access_token.expose());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, or what keeps WeCom from issuing one.
    pub async fn access_token(&self) -> Result<CorpAccessToken> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        self.run(|deps| async move { deps.access_token(&suite_id, &corp_id).await })
            .await
    }

    /// WeCom called this token of [`access_token`](Self::access_token) invalid (40014, 42001): the next one is another. A token
    /// that was replaced meanwhile changes nothing.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, or the database does not answer.
    pub async fn invalidate_access_token(&self, token: &AccessToken) -> Result<()> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        let token = token.clone();
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            let app = authorization.credential()?;
            deps.app_client.invalidate(&app, &token).await;
            Ok(())
        })
        .await
    }
}

impl CorpApiDeps {
    /// The corp's access token.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, or what keeps WeCom from issuing one.
    pub(crate) async fn access_token(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<CorpAccessToken> {
        let authorization = self.authorization(suite_id, corp_id).await?;
        let app = authorization.credential()?;
        let issued = self.app_client.access_token(&app).await?;
        Ok(CorpAccessToken {
            access_token: issued.token,
            expires_at: issued.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_written_to_its_owner_and_not_printed() {
        let issued = CorpAccessToken {
            access_token: AccessToken::new("hush"),
            expires_at: Timestamp::from_millis(7),
        };
        assert!(!format!("{issued:?}").contains("hush"));
        assert_eq!(
            serde_json::to_value(&issued).unwrap(),
            serde_json::json!({"accessToken": "hush", "expiresAt": 7})
        );
    }
}
