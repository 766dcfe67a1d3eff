//! The signatures with which a page registers WeCom's JS-SDK (D/96909).

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use crate::corp_api::corp_api::{CorpApi, CorpApiDeps};
use crate::domain::{AgentId, CorpId, JsApiTicket, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::tokens::JsTicketKind;

const MAX_URL_BYTES: usize = 4096;

/// What a page needs to register WeCom's JS-SDK: `ww.register` of `@wecom/jssdk`, or `wx.config` and `wx.agentConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JsConfig {
    /// The corp.
    pub corp_id: CorpId,
    /// The corp's app.
    pub agent_id: AgentId,
    /// The signature with the corp's ticket: `getConfigSignature`.
    pub config: JsSignature,
    /// The signature with the app's ticket: `getAgentConfigSignature`.
    pub agent_config: JsSignature,
}

/// One signature of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JsSignature {
    /// The time that is signed, in seconds since 1970, as the JS-SDK takes it.
    pub timestamp: i64,
    /// The random text that is signed.
    pub nonce_str: String,
    /// SHA-1 in hex digits.
    pub signature: String,
}

impl JsSignature {
    fn new(ticket: &JsApiTicket, timestamp: i64, nonce_str: String, url: &str) -> Self {
        let signed = format!(
            "jsapi_ticket={}&noncestr={nonce_str}&timestamp={timestamp}&url={url}",
            ticket.expose()
        );
        Self {
            signature: hex::encode(Sha1::digest(signed)),
            timestamp,
            nonce_str,
        }
    }
}

impl CorpApi {
    /// The agentId of the app in this corp, which messages name.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`, or the database does not answer.
    #[doc(alias = "agentid")]
    pub async fn agent_id(&self) -> Result<AgentId> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            authorization.require_agent()
        })
        .await
    }

    /// Signs a page for WeCom's JS-SDK. `url` is the whole URL of the page as the browser has it (`location.href`); what
    /// follows `#` is cut off. The tickets are fetched once for all processes and kept as access tokens are, so that this
    /// costs two SHA-1.
    ///
    /// Sign pages of your own only: a signature lets the page act as your app in the person's WeCom.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the URL is not an absolute http or https one. `CORP_NOT_AUTHORIZED`, `AGENT_UNKNOWN`, or what keeps
    /// WeCom from issuing the tickets.
    #[doc(alias = "jsConfig")]
    pub async fn js_config(&self, url: &str) -> Result<JsConfig> {
        let url = page_url(url)?.to_owned();
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        self.run(|deps| async move { deps.js_config(&suite_id, &corp_id, &url).await })
            .await
    }
}

impl CorpApiDeps {
    /// Signs a page of this URL.
    ///
    /// # Errors
    /// As [`CorpApi::js_config`].
    pub(crate) async fn js_config(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        url: &str,
    ) -> Result<JsConfig> {
        let url = page_url(url)?;
        let authorization = self.authorization(suite_id, corp_id).await?;
        let agent_id = authorization.require_agent()?;
        let app = authorization.credential()?;
        let client = &self.app_client;
        let of_corp = client.js_ticket(&app, JsTicketKind::Corp).await?;
        let of_agent = client.js_ticket(&app, JsTicketKind::Agent).await?;
        let now = self.store.now().as_secs();
        let sign = |ticket| JsSignature::new(ticket, now, random::hex::<8>(), url);
        Ok(JsConfig {
            corp_id: authorization.corp_id.clone(),
            agent_id,
            config: sign(&of_corp),
            agent_config: sign(&of_agent),
        })
    }
}

/// The URL of a page without its fragment. It is signed byte for byte, so nothing else is changed.
fn page_url(url: &str) -> Result<&str> {
    let url = url.split_once('#').map_or(url, |(page, _)| page);
    let is_absolute = ["https://", "http://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    let has_forbidden = url
        .bytes()
        .any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control());
    if !is_absolute || has_forbidden || url.len() > MAX_URL_BYTES {
        return Err(Error::new(
            ErrorKind::ApiParams,
            "url must be the absolute http or https URL of a page, of 4096 bytes at most",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_that_of_the_documented_example() {
        // D/96909: sha1("jsapi_ticket=…&noncestr=…&timestamp=…&url=…"), computed with sha1sum.
        let ticket = JsApiTicket::new(
            "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
        );
        let signed = JsSignature::new(
            &ticket,
            1_414_587_457,
            "Wm3WZYTPz0wzccnW".to_owned(),
            "http://mp.weixin.qq.com?params=value",
        );
        assert_eq!(signed.signature, "0f9de62fce790f9a083d5c99e95740ceb90c27ed");
    }

    #[test]
    fn page_url_cuts_the_fragment_and_nothing_else() {
        for (url, page) in [
            ("https://a.example/x?y=1#z", "https://a.example/x?y=1"),
            ("https://a.example#?y", "https://a.example"),
            (
                "http://127.0.0.1:3000/企业?%20",
                "http://127.0.0.1:3000/企业?%20",
            ),
            ("https://a.example/#a#b", "https://a.example/"),
        ] {
            assert_eq!(page_url(url).unwrap(), page);
        }
        for url in [
            "",
            "/x",
            "//a.example",
            "https://",
            "#https://a.example",
            "ftp://a.example",
            "javascript:alert(1)",
            "https://a.example/\n",
            "https://a.example/ x",
        ] {
            assert_eq!(
                page_url(url).unwrap_err().kind(),
                ErrorKind::ApiParams,
                "{url:?}"
            );
        }
    }
}
