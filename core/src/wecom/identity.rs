//! The member behind an OAuth code.

use serde::Deserialize;

use crate::domain::{AccessToken, OAuthCode, UserTicket, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::fields::optional;

/// The identity behind an OAuth code (D/96442). WeCom names no corp: it is the corp of the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// A member of the corp, possibly outside the visible range of the app.
    Member {
        /// The userid of the member.
        third_user_id: WecomUserId,
        /// The ticket for [`Api::user_detail`], if the link asked for `snsapi_privateinfo`.
        user_ticket: Option<UserTicket>,
    },
    /// Not a member of the corp.
    NonMember,
}

impl Api {
    /// The identity behind an OAuth code, from the workbench or from a QR code (D/96442, D/98177). A code can be used
    /// once.
    ///
    /// # Errors
    /// Among others [`Errcode::is_code_invalid`](crate::wecom::Errcode::is_code_invalid).
    #[doc(alias = "getuserinfo")]
    pub async fn user_identity(
        &self,
        token: &AccessToken,
        code: &OAuthCode,
    ) -> Result<Identity, CallError> {
        const PATH: &str = "auth/getuserinfo";
        let query = [("access_token", token.expose()), ("code", code.expose())];
        let answer: IdentityResponse = self.get(PATH, &query).await?;
        answer
            .identity()
            .ok_or_else(|| CallError::new(PATH, CallErrorKind::Malformed))
    }
}

/// The keys of `auth/getuserinfo` and those of the older `user/getuserinfo`.
#[derive(Deserialize)]
struct IdentityResponse {
    #[serde(default, deserialize_with = "optional")]
    userid: Option<String>,
    #[serde(default, rename = "WecomUserId", deserialize_with = "optional")]
    old_userid: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    openid: Option<String>,
    #[serde(default, rename = "OpenId", deserialize_with = "optional")]
    old_openid: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    external_userid: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    user_ticket: Option<String>,
}

impl IdentityResponse {
    fn identity(self) -> Option<Identity> {
        if let Some(userid) = self.userid.or(self.old_userid) {
            let third_user_id = WecomUserId::new(userid).ok()?;
            return Some(Identity::Member {
                third_user_id,
                user_ticket: self.user_ticket.map(UserTicket::new),
            });
        }
        self.openid
            .or(self.old_openid)
            .or(self.external_userid)
            .map(|_| Identity::NonMember)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::Errcode;
    use crate::wecom::mock::MockWecom;

    async fn identify(answer: &str) -> Result<Identity, CallErrorKind> {
        let mock = MockWecom::responding(answer);
        let outcome = mock
            .api()
            .user_identity(&AccessToken::new("APP"), &OAuthCode::new("CODE"))
            .await;
        assert_eq!(
            mock.request().line(),
            "GET auth/getuserinfo?access_token=APP&code=CODE"
        );
        outcome.map_err(|error| error.kind)
    }

    fn member(third_user_id: &str, ticket: Option<&str>) -> Result<Identity, CallErrorKind> {
        let third_user_id = WecomUserId::new(third_user_id).unwrap();
        Ok(Identity::Member {
            third_user_id,
            user_ticket: ticket.map(UserTicket::new),
        })
    }

    #[tokio::test]
    async fn user_identity_distinguishes_members_from_non_members() {
        let ticket = r#"{"errcode":0,"errmsg":"ok","userid":"USERID","user_ticket":"USER_TICKET"}"#;
        assert_eq!(
            identify(ticket).await,
            member("USERID", Some("USER_TICKET"))
        );
        let linked = r#"{"errcode":0,"userid":"CorpId/userid","user_ticket":""}"#;
        assert_eq!(identify(linked).await, member("CorpId/userid", None));
        let old =
            r#"{"errcode":0,"errmsg":"ok","WecomUserId":"USERID","DeviceId":"D","userid":""}"#;
        assert_eq!(identify(old).await, member("USERID", None));
        for other in [
            r#"{"errcode":0,"errmsg":"ok","openid":"OPENID","external_userid":"EXTERNAL_USERID"}"#,
            r#"{"errcode":0,"errmsg":"ok","OpenId":"OPENID","DeviceId":"D"}"#,
            r#"{"errcode":0,"userid":"","openid":"OPENID"}"#,
        ] {
            assert_eq!(identify(other).await, Ok(Identity::NonMember), "{other}");
        }
    }

    #[tokio::test]
    async fn user_identity_without_id_is_malformed() {
        for answer in [
            r#"{"errcode":0,"errmsg":"ok"}"#,
            r#"{"userid":" "}"#,
            r#"{"userid":"a\nb"}"#,
        ] {
            assert_eq!(
                identify(answer).await,
                Err(CallErrorKind::Malformed),
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn user_identity_with_invalid_code_is_refused() {
        let answer = r#"{"errcode":40029,"errmsg":"invalid code"}"#;
        assert_eq!(
            identify(answer).await,
            Err(CallErrorKind::Refused(Errcode::INVALID_CODE))
        );
    }
}
