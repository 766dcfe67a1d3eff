//! The member behind the code of a mini program (D/96959).

use serde::Deserialize;

use crate::domain::{AccessToken, JsCode, MiniProgramSessionKey, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::fields::{optional, required};
use crate::wecom::identity::Identity;

/// What WeCom answers to the code of a mini program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MiniProgramSession {
    /// Who logged in.
    pub identity: Identity,
    /// The key that WeCom encrypts and signs the person's data with. It never leaves the server.
    pub session_key: MiniProgramSessionKey,
}

#[derive(Deserialize)]
struct SessionResponse {
    #[serde(default, deserialize_with = "optional")]
    userid: Option<String>,
    #[serde(deserialize_with = "required")]
    session_key: MiniProgramSessionKey,
}

impl Api {
    /// The member behind a code of `wx.qy.login`, with the corp's access token, as for 代开发 (D/96959). A code can be used
    /// once. Third-party apps have another call, which 代开发 apps cannot make.
    ///
    /// # Errors
    /// Among others [`Errcode::is_code_invalid`](crate::wecom::Errcode::is_code_invalid).
    #[doc(alias = "jscode2session")]
    pub async fn mini_program_session(
        &self,
        token: &AccessToken,
        code: &JsCode,
    ) -> Result<MiniProgramSession, CallError> {
        const PATH: &str = "miniprogram/jscode2session";
        let query = [
            ("access_token", token.expose()),
            ("js_code", code.expose()),
            ("grant_type", "authorization_code"),
        ];
        let answer: SessionResponse = self.get(PATH, &query).await?;
        let identity = match answer.userid.map(WecomUserId::new) {
            Some(Ok(third_user_id)) => Identity::Member {
                third_user_id,
                user_ticket: None,
            },
            Some(Err(_)) => return Err(CallError::new(PATH, CallErrorKind::Malformed)),
            None => Identity::NonMember,
        };
        Ok(MiniProgramSession {
            identity,
            session_key: answer.session_key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::Errcode;
    use crate::wecom::mock::MockWecom;

    async fn exchange(answer: &str) -> Result<MiniProgramSession, CallErrorKind> {
        let mock = MockWecom::responding(answer);
        let outcome = mock
            .api()
            .mini_program_session(&AccessToken::new("APP"), &JsCode::new("CODE"))
            .await;
        assert_eq!(
            mock.request().line(),
            "GET miniprogram/jscode2session?access_token=APP&js_code=CODE&grant_type=authorization_code"
        );
        outcome.map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn session_is_read_as_documented() {
        let answer = r#"{"corpid":"CORPID","userid":"USERID","session_key":"kJtdi6RF+Dv67QkbLlPGjw==","errcode":0,"errmsg":"ok"}"#;
        let session = exchange(answer).await.unwrap();
        let third_user_id = WecomUserId::new("USERID").unwrap();
        assert_eq!(
            session.identity,
            Identity::Member {
                third_user_id,
                user_ticket: None
            }
        );
        assert_eq!(session.session_key.expose(), "kJtdi6RF+Dv67QkbLlPGjw==");
        assert!(!format!("{session:?}").contains("kJtdi6RF"));
    }

    #[tokio::test]
    async fn session_without_userid_is_of_no_member_and_without_key_malformed() {
        let answer = r#"{"errcode":0,"corpid":"C","session_key":"k"}"#;
        assert_eq!(
            exchange(answer).await.unwrap().identity,
            Identity::NonMember
        );
        for answer in [
            r#"{"errcode":0,"corpid":"C","userid":"u"}"#,
            r#"{"errcode":0,"userid":"a\nb","session_key":"k"}"#,
        ] {
            assert_eq!(
                exchange(answer).await,
                Err(CallErrorKind::Malformed),
                "{answer}"
            );
        }
        assert_eq!(
            exchange(r#"{"errcode":40029,"errmsg":"invalid code"}"#).await,
            Err(CallErrorKind::Refused(Errcode::INVALID_CODE))
        );
    }
}
