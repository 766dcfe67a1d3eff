//! The message that an example app sends to its user.

use serde_json::{Value, json};
use wecom_login::{CurrentUser, WecomLogin};

use crate::Demo;

impl Demo {
    /// Sends the user a text in WeCom, with a link to their account: it logs in silently there, and names the company, so
    /// that a session of another one is not used. Answers what WeCom answered.
    ///
    /// # Errors
    /// The company has ended its authorization, or WeCom refuses the message.
    pub async fn send_hello(
        login: &WecomLogin,
        user: &CurrentUser,
        public_url: &str,
    ) -> wecom_login::Result<Value> {
        let corp = login.corp_of(user);
        let link = format!("{public_url}/account?corpId={}", user.corp_id());
        let message = json!({
            "touser": user.third_user_id(),
            "msgtype": "text",
            "agentid": corp.agent_id().await?,
            "text": {"content": format!("Hello. <a href=\"{link}\">Your account</a>")},
        });
        corp.post("message/send", &message).await
    }

    /// The status and the JSON of an error that a route of the app answers.
    #[must_use]
    pub fn describe_error(error: &wecom_login::Error) -> (u16, Value) {
        let row = error.kind().row();
        (row.status, json!({"title": row.title, "code": row.code}))
    }
}
