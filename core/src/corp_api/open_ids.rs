//! The encrypted ids of the corp and of its members (D/97104).

use crate::corp_api::corp_api::CorpApi;
use crate::domain::{CorpId, WecomUserId};
use crate::error::Result;
use crate::wecom::MAX_USER_IDS;

impl CorpApi {
    /// The corp's id as it is encrypted for the provider (`wp…`). What is known is not asked of WeCom again.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`; `CONFIG_ERROR` if the suite has no providerCorpId and providerSecret; WeCom does not answer.
    #[doc(alias = "corpid_to_opencorpid")]
    pub async fn open_corp_id(&self) -> Result<CorpId> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            deps.authorizations
                .open_corp_id(&suite_id, &authorization.corp_id)
                .await
        })
        .await
    }

    /// The encrypted userids of members whose plain ones are known, as pairs of both. WeCom is asked about a thousand at a
    /// time, its limit (D/97106). Those that it does not convert are left out: members outside the visible range, ids that
    /// are encrypted already, ids of nobody. After many of those WeCom refuses the call for a day.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`, or WeCom does not answer.
    #[doc(alias = "userid_to_openuserid")]
    pub async fn open_user_ids(
        &self,
        plain: &[WecomUserId],
    ) -> Result<Vec<(WecomUserId, WecomUserId)>> {
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        let plain = plain.to_vec();
        self.run(|deps| async move {
            let authorization = deps.authorization(&suite_id, &corp_id).await?;
            let app = authorization.credential()?;
            let mut pairs = Vec::with_capacity(plain.len());
            for ids in plain.chunks(MAX_USER_IDS) {
                let asked = deps.app_client.call(&app, |token| {
                    let api = &deps.api;
                    Box::pin(async move { api.open_user_ids(&token, ids).await })
                });
                pairs.extend(asked.await?.0);
            }
            Ok(pairs)
        })
        .await
    }
}
