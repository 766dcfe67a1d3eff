//! The calls of a corp's app about members: one member, the administrators of the app.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{AccessToken, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::{optional, optional_number};

/// A member as the app sees them (D/96255). Fields that the corp has not granted are absent. The Debug form shows the
/// status alone.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The name, where the corp grants it.
    pub name: Option<String>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: Option<i64>,
    /// The link of the picture; WeCom gives it to old apps only.
    pub avatar: Option<String>,
    /// The mobile number; WeCom gives it to old apps only.
    pub mobile: Option<String>,
    /// The mail address; WeCom gives it to old apps only.
    pub email: Option<String>,
}

impl Member {
    /// Whether the member is disabled or has left the corp: status 2 or 5.
    #[must_use]
    pub const fn is_disabled_or_left(&self) -> bool {
        matches!(self.status, Some(2 | 5))
    }
}

/// An administrator of the corp's app (D/100072).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admin {
    /// The userid of the administrator.
    pub third_user_id: WecomUserId,
    /// Whether the administrator manages the app; otherwise they only send messages with it.
    pub manages: bool,
}

#[derive(Deserialize)]
struct MemberResponse {
    #[serde(default, deserialize_with = "optional")]
    name: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "optional")]
    avatar: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    mobile: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    email: Option<String>,
}

#[derive(Deserialize)]
struct AdminsResponse {
    /// Missing or null where a member authorized the app.
    #[serde(default)]
    admin: Value,
}

#[derive(Deserialize)]
struct AdminEntry {
    userid: WecomUserId,
    #[serde(default, deserialize_with = "optional_number")]
    auth_type: Option<i64>,
}

impl Api {
    /// Reads a member (D/96255).
    ///
    /// # Errors
    /// Among others [`Errcode::is_user_not_visible`](crate::wecom::Errcode::is_user_not_visible).
    #[doc(alias = "user/get")]
    pub async fn user(
        &self,
        token: &AccessToken,
        third_user_id: &WecomUserId,
    ) -> Result<Member, CallError> {
        let query = [
            ("access_token", token.expose()),
            ("userid", third_user_id.as_str()),
        ];
        let answer: MemberResponse = self.read("user/get", &query).await?;
        Ok(Member {
            name: answer.name,
            status: answer.status,
            avatar: answer.avatar,
            mobile: answer.mobile,
            email: answer.email,
        })
    }

    /// Lists the administrators of the corp's app; none where a member authorized it (D/100072). Malformed entries are
    /// left out.
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "get_admin_list")]
    pub async fn admins(&self, token: &AccessToken) -> Result<Vec<Admin>, CallError> {
        let answer: AdminsResponse = self
            .read_by_post(
                "agent/get_admin_list",
                &[("access_token", token.expose())],
                None,
            )
            .await?;
        let entries = answer
            .admin
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        Ok(entries
            .iter()
            .filter_map(|entry| AdminEntry::deserialize(entry).ok())
            .map(|entry| Admin {
                third_user_id: entry.userid,
                manages: entry.auth_type == Some(1),
            })
            .collect())
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    async fn read(answer: &str) -> Result<Member, CallError> {
        let mock = MockWecom::responding(answer);
        let user = WecomUserId::new("wwA/zhang san").unwrap();
        let outcome = mock.api().user(&AccessToken::new("APP"), &user).await;
        assert_eq!(
            mock.request().line(),
            "GET user/get?access_token=APP&userid=wwA%2Fzhang%20san"
        );
        outcome
    }

    #[tokio::test]
    async fn user_reads_granted_fields() {
        let member =
            read(r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"李四","status":1}"#)
                .await
                .unwrap();
        assert_eq!(
            member,
            Member {
                name: Some("李四".into()),
                status: Some(1),
                ..Member::default()
            }
        );
        assert!(!member.is_disabled_or_left());
        assert!(!format!("{member:?}").contains("李四"));
        assert_eq!(
            read(r#"{"errcode":0,"name":""}"#).await.unwrap(),
            Member::default()
        );
    }

    #[tokio::test]
    async fn is_disabled_or_left_for_status_2_and_5() {
        for (status, shut_out) in [(1, false), (2, true), (4, false), (5, true)] {
            let member = read(&format!(r#"{{"errcode":0,"status":{status}}}"#))
                .await
                .unwrap();
            assert_eq!(member.is_disabled_or_left(), shut_out, "{status}");
        }
    }

    #[tokio::test]
    async fn user_outside_visible_range_is_refused() {
        let error = read(r#"{"errcode":60111,"errmsg":"userid not found"}"#)
            .await
            .unwrap_err();
        assert!(error.errcode().unwrap().is_user_not_visible());
    }

    #[tokio::test]
    async fn admins_parses_documented_response() {
        let mock = MockWecom::with_responses(&[
            (
                200,
                r#"{"errcode":0,"errmsg":"ok","admin":[{"userid":"woA","auth_type":1},{"userid":"woB","auth_type":0},
                    {"userid":""}]}"#,
            ),
            (200, r#"{"errcode":0,"errmsg":"ok"}"#),
        ]);
        let token = AccessToken::new("APP");
        let admins = mock.api().admins(&token).await.unwrap();
        let expected = [("woA", true), ("woB", false)].map(|(third_user_id, manages)| Admin {
            third_user_id: WecomUserId::new(third_user_id).unwrap(),
            manages,
        });
        assert_eq!(admins, expected);
        let request = mock.request();
        assert_eq!(
            (request.line().as_str(), &*request.body),
            ("POST agent/get_admin_list?access_token=APP", "")
        );
        assert!(mock.api().admins(&token).await.unwrap().is_empty());
    }
}
