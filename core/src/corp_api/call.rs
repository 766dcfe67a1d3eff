//! One call as a corp, with the token of the permanent code that is stored.

use bytes::Bytes;

use crate::corp_api::corp_api::CorpApiDeps;
use crate::domain::{CorpId, SuiteId};
use crate::error::{ErrorKind, Result};
use crate::wecom::CorpCall;

impl CorpApiDeps {
    /// Makes a call, and once more if the corp's secret was reset meanwhile: the token of the former secret is invalid, and
    /// the secret itself gets no other.
    pub(super) async fn call(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        call: &CorpCall,
    ) -> Result<Bytes> {
        let authorization = self.authorization(suite_id, corp_id).await?;
        let app = authorization.credential()?;
        let send = |token| {
            let api = &self.api;
            Box::pin(async move { api.call_as_corp(&token, call).await }) as _
        };
        match self.app_client.call(&app, send).await {
            Err(error) if error.kind() == ErrorKind::CorpNotAuthorized => {
                let Some(newer) = self.authorizations.find_newer(&app).await? else {
                    return Err(error);
                };
                let (answer, _) = self.app_client.call(&newer.credential()?, send).await?;
                Ok(answer)
            }
            outcome => Ok(outcome?.0),
        }
    }
}
