//! Interface licenses of a corp and of its members, asked with the provider's token (D/97194, D/97191).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::domain::{CorpId, ProviderAccessToken, SuiteId, WecomUserId};
use crate::wecom::api::Api;
use crate::wecom::call_error::CallError;
use crate::wecom::fields::optional_number;

/// What WeCom says of the licenses of a corp's app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppLicence {
    /// Whether members need a license at all.
    pub is_checked: bool,
    /// The end of the trial, if there is or was one.
    pub trial_ends_at: Option<Timestamp>,
}

/// A license account that a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LicenceAccount {
    /// Whether it is for the app's basic calls (type 1), and not for those about external contacts (type 2).
    pub is_base: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// What WeCom says of the licenses of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserLicence {
    /// Whether the member has an active license.
    pub is_active: bool,
    /// The accounts that the member has.
    pub accounts: Vec<LicenceAccount>,
}

#[derive(Deserialize)]
struct AppLicenceResponse {
    #[serde(default, deserialize_with = "optional_number")]
    license_status: Option<i64>,
    // WeCom spells it so.
    #[serde(default)]
    trail_info: Value,
}

#[derive(Deserialize)]
struct UserLicenceResponse {
    #[serde(default, deserialize_with = "optional_number")]
    active_status: Option<i64>,
    #[serde(default)]
    active_info_list: Value,
}

#[derive(Deserialize)]
struct TrialInfo {
    #[serde(default, deserialize_with = "optional_number")]
    end_time: Option<i64>,
}

#[derive(Deserialize)]
struct ActiveInfo {
    #[serde(default, rename = "type", deserialize_with = "optional_number")]
    kind: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    expire_time: Option<i64>,
}

const BASE_ACCOUNT: i64 = 1;

impl Api {
    /// Whether the members of a corp need licenses for an app, and until when its trial runs (D/97194).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "get_app_license_info")]
    pub async fn app_licence(
        &self,
        token: &ProviderAccessToken,
        corp_id: &CorpId,
        suite_id: &SuiteId,
    ) -> Result<AppLicence, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "corpid": corp_id, "suite_id": suite_id });
        let answer: AppLicenceResponse = self
            .read_by_post("license/get_app_license_info", &query, Some(body))
            .await?;
        let trial: Option<TrialInfo> = serde_json::from_value(answer.trail_info).ok();
        Ok(AppLicence {
            is_checked: answer.license_status != Some(0),
            trial_ends_at: trial.and_then(|trial| timestamp(trial.end_time)),
        })
    }

    /// The licenses of a member (D/97191).
    ///
    /// # Errors
    /// As every call.
    #[doc(alias = "get_active_info_by_user")]
    pub async fn user_licence(
        &self,
        token: &ProviderAccessToken,
        corp_id: &CorpId,
        third_user_id: &WecomUserId,
    ) -> Result<UserLicence, CallError> {
        let query = [("provider_access_token", token.expose())];
        let body = json!({ "corpid": corp_id, "userid": third_user_id });
        let answer: UserLicenceResponse = self
            .read_by_post("license/get_active_info_by_user", &query, Some(body))
            .await?;
        let listed: Vec<Value> =
            serde_json::from_value(answer.active_info_list).unwrap_or_default();
        let accounts = listed.into_iter().filter_map(|entry| {
            let info: ActiveInfo = serde_json::from_value(entry).ok()?;
            Some(LicenceAccount {
                is_base: info.kind == Some(BASE_ACCOUNT),
                expires_at: timestamp(info.expire_time),
            })
        });
        Ok(UserLicence {
            is_active: answer.active_status == Some(1),
            accounts: accounts.collect(),
        })
    }
}

fn timestamp(seconds: Option<i64>) -> Option<Timestamp> {
    let millis = seconds.filter(|seconds| *seconds > 0)?.checked_mul(1000)?;
    Some(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::mock::MockWecom;

    fn ids() -> (ProviderAccessToken, CorpId, SuiteId, WecomUserId) {
        (
            ProviderAccessToken::new("P"),
            CorpId::new("wpA").unwrap(),
            SuiteId::new("dk1").unwrap(),
            WecomUserId::new("u").unwrap(),
        )
    }

    async fn app(answer: &str) -> AppLicence {
        let (token, corp_id, suite_id, _) = ids();
        let mock = MockWecom::responding(answer);
        let licence = mock.api().app_licence(&token, &corp_id, &suite_id).await;
        assert_eq!(
            mock.request().line(),
            "POST license/get_app_license_info?provider_access_token=P"
        );
        assert_eq!(
            mock.request().json(),
            json!({"corpid": "wpA", "suite_id": "dk1"})
        );
        licence.unwrap()
    }

    #[tokio::test]
    async fn app_licence_reads_status_and_trial() {
        let trial = r#"{"errcode":0,"license_status":1,"trail_info":{"start_time":1651752000,"end_time":1659528000}}"#;
        let licence = app(trial).await;
        assert!(licence.is_checked);
        assert_eq!(
            licence.trial_ends_at,
            Some(Timestamp::from_millis(1_659_528_000_000))
        );
        for (answer, is_checked) in [
            (r#"{"errcode":0,"license_status":0}"#, false),
            (r#"{"errcode":0,"license_status":1}"#, true),
            (
                r#"{"errcode":0,"license_status":1,"trail_info":null}"#,
                true,
            ),
        ] {
            let licence = app(answer).await;
            assert_eq!(
                (licence.is_checked, licence.trial_ends_at),
                (is_checked, None)
            );
        }
    }

    #[tokio::test]
    async fn user_licence_reads_accounts() {
        let (token, corp_id, _, user) = ids();
        let mock = MockWecom::responding(
            r#"{"errcode":0,"active_status":1,"active_info_list":[
                {"active_code":"C","type":1,"userid":"u","active_time":1640966400,"expire_time":1672502400},
                {"active_code":"D","type":2,"userid":"u","active_time":1640966400,"expire_time":1672502400}]}"#,
        );
        let licence = mock
            .api()
            .user_licence(&token, &corp_id, &user)
            .await
            .unwrap();
        let account = |is_base| LicenceAccount {
            is_base,
            expires_at: Some(Timestamp::from_millis(1_672_502_400_000)),
        };
        assert!(licence.is_active);
        assert_eq!(licence.accounts, [account(true), account(false)]);
        assert_eq!(
            mock.request().line(),
            "POST license/get_active_info_by_user?provider_access_token=P"
        );
        let mock = MockWecom::responding(r#"{"errcode":0,"active_status":0}"#);
        let licence = mock
            .api()
            .user_licence(&token, &corp_id, &user)
            .await
            .unwrap();
        assert!(!licence.is_active && licence.accounts.is_empty());
    }
}
