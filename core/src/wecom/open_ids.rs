//! Encrypted ids: the corp's by its plain one, the members' by theirs, and whether an app has them (D/97104).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{AccessToken, CorpId, ProviderAccessToken, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::optional_number;

/// The most userids of one call (D/97106).
pub(crate) const MAX_USER_IDS: usize = 1000;
/// userid and corpid, among the kinds of ids that are migrated (D/99378).
const USER_AND_CORP_IDS: i64 = 1;

#[derive(Deserialize)]
struct OpenCorpIdResponse {
    open_corpid: CorpId,
}

#[derive(Deserialize)]
struct OpenUserIdsResponse {
    #[serde(default)]
    open_userid_list: Value,
}

#[derive(Deserialize)]
struct OpenUserId {
    userid: WecomUserId,
    open_userid: WecomUserId,
}

#[derive(Deserialize)]
struct MigrationResponse {
    #[serde(default)]
    migration_info: Value,
}

#[derive(Deserialize)]
struct MigrationInfo {
    #[serde(default, deserialize_with = "optional_number")]
    openid_type: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    status: Option<i64>,
}

impl Api {
    /// The encrypted id of a corp whose plain id is known (D/97105).
    ///
    /// # Errors
    /// As every call; WeCom answers for corps that authorized an app of the provider.
    #[doc(alias = "corpid_to_opencorpid")]
    pub async fn open_corp_id(
        &self,
        token: &ProviderAccessToken,
        plain: &CorpId,
    ) -> Result<CorpId, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "corpid": plain });
        let answer: OpenCorpIdResponse = self
            .read_by_post("service/corpid_to_opencorpid", &query, Some(body))
            .await?;
        Ok(answer.open_corpid)
    }

    /// The encrypted ids of up to 1000 members whose plain userids are known, as pairs (D/97106). Userids that WeCom does
    /// not convert are left out, and so are malformed entries.
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "userid_to_openuserid")]
    pub async fn open_user_ids(
        &self,
        token: &AccessToken,
        plain: &[WecomUserId],
    ) -> Result<Vec<(WecomUserId, WecomUserId)>, CallError> {
        let query = [("access_token", token.expose())];
        let body = json!({ "userid_list": plain });
        let answer: OpenUserIdsResponse = self
            .read_by_post("batch/userid_to_openuserid", &query, Some(body))
            .await?;
        let pairs = entries::<OpenUserId>(&answer.open_userid_list);
        Ok(pairs.map(|pair| (pair.userid, pair.open_userid)).collect())
    }

    /// Whether the corp's app has encrypted userids and corpids (D/97104).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "get_openid_migration")]
    pub async fn has_open_ids(&self, token: &AccessToken) -> Result<bool, CallError> {
        let query = [("access_token", token.expose())];
        let answer: MigrationResponse = self
            .read_by_post("corp/get_openid_migration", &query, Some(json!({})))
            .await?;
        Ok(entries::<MigrationInfo>(&answer.migration_info)
            .any(|info| info.openid_type == Some(USER_AND_CORP_IDS) && info.status == Some(1)))
    }
}

fn entries<'a, T: Deserialize<'a>>(list: &'a Value) -> impl Iterator<Item = T> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| T::deserialize(entry).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    #[tokio::test]
    async fn open_corp_id_parses_documented_response() {
        let mock = MockWecom::responding(r#"{"errcode":0,"errmsg":"ok","open_corpid":"AAAAAA"}"#);
        let token = ProviderAccessToken::new("PROVIDER");
        let open = mock
            .api()
            .open_corp_id(&token, &CorpId::new("xxxxx").unwrap())
            .await
            .unwrap();
        assert_eq!(open.as_str(), "AAAAAA");
        assert_eq!(
            mock.request().line(),
            "POST service/corpid_to_opencorpid?provider_access_token=PROVIDER"
        );
        assert_eq!(mock.request().json(), json!({ "corpid": "xxxxx" }));
    }

    #[tokio::test]
    async fn open_user_ids_parses_documented_response() {
        let mock = MockWecom::responding(
            r#"{"errcode":0,"errmsg":"","open_userid_list":[{"userid":"aaa","open_userid":"xxxxx"},{"userid":""}],
                "invalid_userid_list":["bbb"]}"#,
        );
        let ids = ["aaa", "bbb"].map(|id| WecomUserId::new(id).unwrap());
        let token = AccessToken::new("APP");
        let pairs = mock.api().open_user_ids(&token, &ids).await.unwrap();
        assert_eq!(
            pairs,
            [(ids[0].clone(), WecomUserId::new("xxxxx").unwrap())]
        );
        assert_eq!(
            mock.request().line(),
            "POST batch/userid_to_openuserid?access_token=APP"
        );
        assert_eq!(
            mock.request().json(),
            json!({ "userid_list": ["aaa", "bbb"] })
        );
    }

    #[tokio::test]
    async fn has_open_ids_reads_the_status_of_userids() {
        for (status, expected) in [(0, false), (1, true)] {
            let mock = MockWecom::responding(&format!(
                r#"{{"errcode":0,"errmsg":"","migration_info":[{{"openid_type":3,"status":1}},{{"openid_type":1,"status":{status}}}]}}"#
            ));
            let token = AccessToken::new("APP");
            assert_eq!(mock.api().has_open_ids(&token).await.unwrap(), expected);
            assert_eq!(
                mock.request().line(),
                "POST corp/get_openid_migration?access_token=APP"
            );
        }
    }
}
