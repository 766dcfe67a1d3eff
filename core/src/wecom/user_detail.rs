//! The details that a member agreed to show.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::domain::{AccessToken, UserTicket, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::optional;

/// The details that a member agreed to show (D/96443). A field is present only if the administrator and the member both
/// allow it. The Debug form shows the userid alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserDetail {
    /// The userid of the member.
    pub third_user_id: WecomUserId,
    /// `1` male, `2` female, `0` not given.
    pub gender: Option<String>,
    /// The link of the picture.
    pub avatar: Option<String>,
    /// The link of the member's WeCom QR code.
    pub qr_code: Option<String>,
    /// The mobile number.
    pub mobile: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The mail address that the corp assigned.
    pub biz_mail: Option<String>,
    /// The postal address.
    pub address: Option<String>,
}

impl Api {
    /// Reads the details that a member agreed to show (D/96443).
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
        let answer: UserDetailResponse = self
            .read_by_post("auth/getuserdetail", &query, Some(body))
            .await?;
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

#[derive(Deserialize)]
struct UserDetailResponse {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn user_detail_parses_documented_response_and_hides_it_from_debug() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"ok","userid":"lisi","gender":"1","avatar":"http://shp.qpic.cn/0",
                "qr_code":"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=v","mobile":"13800000000",
                "email":"zhangsan@gzdev.com","biz_mail":"zhangsan@qyycs2.wecom.work","address":""}"#,
        );
        let ticket = UserTicket::new("USER_TICKET");
        let detail = mock
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
            mock.request().line(),
            "POST auth/getuserdetail?access_token=APP"
        );
        assert_eq!(
            mock.request().json(),
            json!({ "user_ticket": "USER_TICKET" })
        );
    }
}
