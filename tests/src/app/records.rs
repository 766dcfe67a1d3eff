//! Callback records of a [`TestApp`].

use serde_json::Value;
use wecom_login::CallbackRecord;

use super::TestApp;
use crate::{TestRequest, until};

/// Counts the records that are waiting or running.
pub const UNFINISHED_RECORDS: &str =
    "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";

impl TestApp {
    /// All callback records, newest first.
    pub async fn records(&self) -> Vec<CallbackRecord> {
        self.login
            .admin()
            .callback_records(None, 500, None)
            .await
            .expect("the database answers")
    }

    /// The statuses of an event's records, newest first.
    pub async fn record_statuses(&self, event: &str) -> Vec<String> {
        let records = self.records().await;
        records
            .iter()
            .filter(|record| record.event == event)
            .map(|record| wire_word(&record.status))
            .collect()
    }

    /// Waits until no record is waiting or running, whatever the handle knows of it.
    pub async fn wait_until_done(&self) {
        until("no record is waiting or running", async || {
            self.number(UNFINISHED_RECORDS).await == 0
        })
        .await;
    }

    /// The records that the route `/callbackRecords` lists for this query.
    pub async fn list_records(&self, query: &str) -> Vec<Value> {
        let response = self
            .send_as_admin(TestRequest::get(format!("/callbackRecords?{query}")))
            .await
            .success();
        response["records"].as_array().unwrap().clone()
    }

    /// Waits until no record is waiting or running, and lists all of them.
    pub async fn settled_records(&self) -> Vec<Value> {
        until("no record is waiting or running", async || {
            let records = self.list_records("limit=500").await;
            records
                .iter()
                .all(|record| record["status"] != "waiting" && record["status"] != "running")
        })
        .await;
        self.list_records("limit=500").await
    }
}

/// A status as the word it is on the wire.
pub(super) fn wire_word(status: &impl serde::Serialize) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .expect("a status is serialized as a string")
}
