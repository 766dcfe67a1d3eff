//! The calls of a company's app that say who a person is.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::{AccessToken, OAuthCode, PermanentCode, UserTicket};
use crate::domain::{CorpId, WecomUserId};
use crate::wecom::api::{Api, IssuedToken};
use crate::wecom::call_error::{CallError, CallErrorKind};
use crate::wecom::response::{optional, required, seconds};

/// Who a login code stands for (D/96442). WeCom names no company: it is that of the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// A member of the company, who may still be outside the visible range of the app.
    Member {
        /// The person within the company.
        third_user_id: WecomUserId,
        /// For [`Api::user_detail`], where the link asked for `snsapi_privateinfo`.
        user_ticket: Option<UserTicket>,
    },
    /// Someone who is not a member.
    NonMember,
}

/// What a person agreed to show (D/96443). Each field is there only if the administrator and the person both allow
/// it. Its Debug form shows the id alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserDetail {
    /// The person within the company.
    pub third_user_id: WecomUserId,
    /// `1` man, `2` woman, `0` not said.
    pub gender: Option<String>,
    /// The link of the picture.
    pub avatar: Option<String>,
    /// The link of the person's WeCom QR code.
    pub qr_code: Option<String>,
    /// The mobile number.
    pub mobile: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The mail address that the company gave.
    pub biz_mail: Option<String>,
    /// The postal address.
    pub address: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(deserialize_with = "required")]
    access_token: AccessToken,
    #[serde(deserialize_with = "seconds")]
    expires_in: Duration,
}

/// Today's keys and those of the old `user/getuserinfo`.
#[derive(Deserialize)]
struct IdentityAnswer {
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

impl IdentityAnswer {
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

#[derive(Deserialize)]
struct DetailAnswer {
    userid: WecomUserId,
    #[serde(default, deserialize_with = "optional")]
    gender: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    avatar: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    qr_code: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    mobile: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    email: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    biz_mail: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    address: Option<String>,
}

impl Api {
    /// The access token of a company's app, whose secret is the permanent code (D/97164).
    ///
    /// # Errors
    /// Among others those that [break an authorisation](crate::wecom::Errcode::breaks_authorization).
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
        let answer: TokenAnswer = self.get("gettoken", &query).await?;
        Ok(IssuedToken::new(answer.access_token, answer.expires_in))
    }

    /// Who a login code stands for, be it from the workbench or from a QR code (D/96442, D/98177). The code is good
    /// for one answer.
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
        let answer: IdentityAnswer = self.get(PATH, &query).await?;
        answer
            .identity()
            .ok_or(CallError::new(PATH, CallErrorKind::Malformed))
    }

    /// What a person agreed to show (D/96443).
    ///
    /// # Errors
    /// As every call; 84014 and 84015 say that the ticket is too old or wrong.
    #[doc(alias = "getuserdetail")]
    pub async fn user_detail(
        &self,
        token: &AccessToken,
        ticket: &UserTicket,
    ) -> Result<UserDetail, CallError> {
        let query = [("access_token", token.expose())];
        let body = json!({ "user_ticket": ticket.expose() });
        let answer: DetailAnswer = self.post("auth/getuserdetail", &query, Some(body)).await?;
        Ok(UserDetail {
            third_user_id: answer.userid,
            gender: answer.gender,
            avatar: answer.avatar,
            qr_code: answer.qr_code,
            mobile: answer.mobile,
            email: answer.email,
            biz_mail: answer.biz_mail,
            address: answer.address,
        })
    }
}

impl fmt::Debug for UserDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDetail")
            .field("user_id", &self.third_user_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::Errcode;
    use crate::wecom::mock::Double;

    #[tokio::test]
    async fn an_access_token_is_as_documented() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}"#,
        );
        let corp = CorpId::new("ID").unwrap();
        let granted = double
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
            double.request().line(),
            "GET gettoken?corpid=ID&corpsecret=PERMANENT_CODE"
        );
        assert_eq!(double.request().body, "");
        assert_eq!(double.request().content_type, None);
    }

    async fn identify(answer: &str) -> Result<Identity, CallErrorKind> {
        let double = Double::answering(answer);
        let outcome = double
            .api()
            .user_identity(&AccessToken::new("APP"), &OAuthCode::new("CODE"))
            .await;
        assert_eq!(
            double.request().line(),
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
    async fn members_and_others_are_told_apart() {
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
    async fn an_answer_about_nobody_is_malformed() {
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
    async fn a_bad_code_is_refused() {
        let answer = r#"{"errcode":40029,"errmsg":"invalid code"}"#;
        assert_eq!(
            identify(answer).await,
            Err(CallErrorKind::Refused(Errcode::INVALID_CODE))
        );
    }

    #[tokio::test]
    async fn details_are_as_documented_and_not_printed() {
        let double = Double::answering(
            r#"{"errcode":0,"errmsg":"ok","userid":"lisi","gender":"1","avatar":"http://shp.qpic.cn/0",
                "qr_code":"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=v","mobile":"13800000000",
                "email":"zhangsan@gzdev.com","biz_mail":"zhangsan@qyycs2.wecom.work","address":""}"#,
        );
        let ticket = UserTicket::new("USER_TICKET");
        let detail = double
            .api()
            .user_detail(&AccessToken::new("APP"), &ticket)
            .await
            .unwrap();
        assert_eq!(detail.third_user_id.as_str(), "lisi");
        assert_eq!(detail.gender.as_deref(), Some("1"));
        assert_eq!(detail.avatar.as_deref(), Some("http://shp.qpic.cn/0"));
        assert_eq!(detail.mobile.as_deref(), Some("13800000000"));
        assert_eq!(detail.email.as_deref(), Some("zhangsan@gzdev.com"));
        assert_eq!(
            detail.biz_mail.as_deref(),
            Some("zhangsan@qyycs2.wecom.work")
        );
        assert!(
            detail
                .qr_code
                .as_deref()
                .is_some_and(|link| link.ends_with("vcode=v"))
        );
        assert_eq!(detail.address, None);
        assert_eq!(
            format!("{detail:?}"),
            r#"UserDetail { user_id: "lisi", .. }"#
        );
        assert_eq!(
            double.request().line(),
            "POST auth/getuserdetail?access_token=APP"
        );
        assert_eq!(
            double.request().json(),
            json!({ "user_ticket": "USER_TICKET" })
        );
    }
}
