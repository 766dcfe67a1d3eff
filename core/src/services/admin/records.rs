//! Callback records: listed, looked at, retried, released.

use crate::audit::AuditAction;
use crate::domain::{Page, RecordStatus};
use crate::error::Result;
use crate::inbox::{
    CallbackRecord, CallbackRecordDetails, RecordQuery, find_record, list_records, search_records,
};
use crate::services::admin::AdminService;

impl AdminService {
    /// Callback records, newest first: `limit` of them, older than `before`.
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "callbackRecords")]
    pub async fn callback_records(
        &self,
        status: Option<RecordStatus>,
        limit: u64,
        before: Option<i64>,
    ) -> Result<Vec<CallbackRecord>> {
        self.run(|deps| async move {
            list_records(&deps.store, deps.suites.ids(), status, limit, before).await
        })
        .await
    }

    /// Ends the lease on a callback record, whoever holds it, so that any node works on it at once: for a node that hangs.
    /// An AuthCode that is on its way is still waited for.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`.
    pub async fn release_callback(&self, record_id: i64) -> Result<()> {
        let entry = self.entry(AuditAction::CallbackReleased);
        let entry = entry.with_detail(record_id.to_string());
        self.run(|deps| async move {
            deps.audit(&entry).await?;
            deps.worker.release_by_operator(record_id).await
        })
        .await
    }

    /// A page of the callback records that the query asks for, newest first.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list, or several suites have the corp and none is named. The database
    /// does not answer.
    pub async fn find_callbacks(
        &self,
        query: &RecordQuery,
        limit: u64,
    ) -> Result<Page<CallbackRecord>> {
        let query = query.clone();
        self.run(|deps| async move {
            deps.require_suite(query.suite_id.as_ref())?;
            let corp_ids = match &query.corp_id {
                Some(corp_id) => deps.known_ids(query.suite_id.as_ref(), corp_id).await?,
                None => Vec::new(),
            };
            let suites = deps.suites.ids();
            search_records(&deps.store, suites, &query, corp_ids, limit).await
        })
        .await
    }

    /// The life of one callback record.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`.
    pub async fn callback_record(&self, record_id: i64) -> Result<CallbackRecordDetails> {
        self.run(|deps| async move { find_record(&deps.store, deps.suites.ids(), record_id).await })
            .await
    }

    /// Works on a callback record now, as [`AuthService::retry_callback`](crate::AuthService::retry_callback) does.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`, `RECORD_BUSY`, or what went wrong this time.
    #[doc(alias = "retryCallBack")]
    pub async fn retry_callback(&self, record_id: i64) -> Result<()> {
        let entry = self.entry(AuditAction::CallbackRetried);
        let entry = entry.with_detail(record_id.to_string());
        self.run(|deps| async move {
            deps.audit(&entry).await?;
            deps.worker.retry(record_id).await
        })
        .await
    }
}
