//! The audit: who did what.

use crate::audit::{self, AuditEntry, AuditQuery};
use crate::domain::Page;
use crate::error::Result;
use crate::services::admin::AdminService;

impl AdminService {
    /// A page of the audit, newest first.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list, or several suites have the corp and none is named. The database
    /// does not answer.
    pub async fn audit(&self, query: &AuditQuery, limit: u64) -> Result<Page<AuditEntry>> {
        let query = query.clone();
        self.run(|deps| async move {
            deps.require_suite(query.suite_id.as_ref())?;
            let corp_ids = match &query.corp_id {
                Some(corp_id) => deps.known_ids(query.suite_id.as_ref(), corp_id).await?,
                None => Vec::new(),
            };
            audit::search(&deps.store, &query, corp_ids, limit).await
        })
        .await
    }
}
