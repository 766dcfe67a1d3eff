//! Machines: the sessions of programs, listed by corp and ended.

use crate::domain::{CorpId, Page, PageCursor, SuiteId};
use crate::error::Result;
use crate::services::admin::AdminService;
use crate::session::MachineSummary;

impl AdminService {
    /// A page of the live sessions of a corp's machines, newest first.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if the cursor is of another list. The database does not answer.
    pub async fn machines(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        limit: u64,
        after: Option<&PageCursor>,
    ) -> Result<Page<MachineSummary>> {
        let (suite_id, corp_id, after) = (suite_id.clone(), corp_id.clone(), after.cloned());
        self.run(move |deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            let sessions = &deps.sessions;
            sessions
                .machines_of_corp(&suite_id, &corp_id, limit.max(1), after.as_ref())
                .await
        })
        .await
    }

    /// Ends the session of a machine, by the session's id.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`, `SESSION_NOT_FOUND`. The database does not answer; the session goes on.
    pub async fn end_machine(&self, suite_id: &SuiteId, corp_id: &CorpId, id: &str) -> Result<()> {
        let (suite_id, corp_id, id) = (suite_id.clone(), corp_id.clone(), id.to_owned());
        let actor = self.actor();
        self.run(|deps| async move {
            let (suite_id, corp_id) = deps.known_corp(&suite_id, &corp_id).await?;
            let sessions = &deps.sessions;
            sessions
                .revoke_machine(&suite_id, &corp_id, &id, actor)
                .await
        })
        .await
    }

    /// The suite and the corp of a machine's live session.
    pub(crate) async fn corp_of_machine(&self, id: &str) -> Result<Option<(SuiteId, CorpId)>> {
        let id = id.to_owned();
        self.run(|deps| async move { deps.sessions.corp_of_machine(&id).await })
            .await
    }
}
