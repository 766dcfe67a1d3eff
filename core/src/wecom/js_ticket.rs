//! The tickets that pages are signed with for the JS-SDK (D/96909).

use std::time::Duration;

use serde::Deserialize;

use crate::domain::{AccessToken, JsApiTicket};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{required, seconds};
use crate::wecom::token::IssuedToken;

#[derive(Deserialize)]
struct TicketResponse {
    #[serde(deserialize_with = "required")]
    ticket: JsApiTicket,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

impl Api {
    /// The corp's ticket, for `wx.config`. WeCom allows a corp 400 calls an hour and an app 100 (D/96909).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "get_jsapi_ticket")]
    pub async fn corp_js_ticket(
        &self,
        token: &AccessToken,
    ) -> Result<IssuedToken<JsApiTicket>, CallError> {
        let query = [("access_token", token.expose())];
        let answer: TicketResponse = self.read("get_jsapi_ticket", &query).await?;
        Ok(IssuedToken::new(answer.ticket, answer.expires_in))
    }

    /// The app's ticket, for `wx.agentConfig`. WeCom allows an app 100 calls an hour (D/96909).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "ticket/get")]
    pub async fn agent_js_ticket(
        &self,
        token: &AccessToken,
    ) -> Result<IssuedToken<JsApiTicket>, CallError> {
        let query = [("access_token", token.expose()), ("type", "agent_config")];
        let answer: TicketResponse = self.read("ticket/get", &query).await?;
        Ok(IssuedToken::new(answer.ticket, answer.expires_in))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn tickets_are_read_as_documented() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","ticket":"bxLdikRXVbTPdHSM05e5u5s","expires_in":7200}"#,
        );
        let (api, token) = (mock.api(), AccessToken::new("APP"));
        for issued in [
            api.corp_js_ticket(&token).await.unwrap(),
            api.agent_js_ticket(&token).await.unwrap(),
        ] {
            assert_eq!(issued.token.expose(), "bxLdikRXVbTPdHSM05e5u5s");
            assert_eq!(issued.expires_in, Duration::from_secs(7200));
        }
        let lines: Vec<_> = mock.requests().iter().map(|sent| sent.line()).collect();
        assert_eq!(
            lines,
            [
                "GET get_jsapi_ticket?access_token=APP",
                "GET ticket/get?access_token=APP&type=agent_config"
            ]
        );
    }
}
