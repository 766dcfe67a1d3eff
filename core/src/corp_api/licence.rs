//! The interface licenses of the corp and of its members.

use crate::corp_api::corp_api::CorpApi;
use crate::domain::{Principal, WecomUserId};
use crate::error::Result;
use crate::members::{CorpLicence, MemberLicence};

impl CorpApi {
    /// Whether the corp's members need interface licenses: none, not before the trial ends, or bought ones (D/97194).
    ///
    /// ```no_run
    /// # async fn ask(corp: wecom_login::CorpApi) -> wecom_login::Result<()> {
    /// use wecom_login::CorpLicence;
    ///
    /// if let CorpLicence::Trial { until } = corp.licence().await? {
    ///     println!("the trial ends at {}", until.as_secs());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`; `CONFIG_ERROR` if the suite has no providerCorpId and providerSecret; WeCom does not answer.
    #[doc(alias = "get_app_license_info")]
    pub async fn licence(&self) -> Result<CorpLicence> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            deps.licences
                .of_corp(&suite_id, &authorization.corp_id)
                .await
        })
        .await
    }

    /// The interface license of a member (D/97191), by WeCom's userid:
    /// [`CurrentUser::third_user_id`](crate::CurrentUser::third_user_id).
    ///
    /// # Errors
    /// As [`licence`](Self::licence); `USER_NOT_VISIBLE` (60111) if there is no such member.
    #[doc(alias = "get_active_info_by_user")]
    pub async fn licence_of(&self, third_user_id: &WecomUserId) -> Result<MemberLicence> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        let third_user_id = third_user_id.clone();
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            let named = Principal::new(suite_id, authorization.corp_id.clone(), third_user_id);
            let principal = deps.members.resolve(&named).await?;
            deps.licences.of_member(&principal).await
        })
        .await
    }
}
