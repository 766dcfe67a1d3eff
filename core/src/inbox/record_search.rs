//! The search for callback records, and the whole life of one.

use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::{CorpId, Page, PageCursor, RecordStatus, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::CallbackRecord;

/// How far the times of two records may be apart in another order than their ids: more than a push lasts.
const OUT_OF_ORDER: Duration = Duration::from_mins(10);

/// Which callback records are listed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RecordQuery {
    /// Only those in this state.
    pub status: Option<RecordStatus>,
    /// Only those of this event: WeCom's InfoType or Event.
    pub event: Option<String>,
    /// Only those of this suite.
    pub suite_id: Option<SuiteId>,
    /// Only those of this corp, by whichever of its ids.
    pub corp_id: Option<CorpId>,
    /// Only those that arrived at this time or later.
    pub since: Option<Timestamp>,
    /// The page after this cursor; the first one without it.
    pub after: Option<PageCursor>,
}

impl RecordQuery {
    /// Every record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the state.
    #[must_use]
    pub const fn with_status(mut self, status: RecordStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the event.
    #[must_use]
    pub fn with_event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Sets the corp.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
        self
    }

    /// Sets the time of the oldest.
    #[must_use]
    pub const fn with_since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Sets where the page begins.
    #[must_use]
    pub fn with_after(mut self, after: PageCursor) -> Self {
        self.after = Some(after);
        self
    }
}

/// The life of one callback record. It never holds the event itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallbackRecordDetails {
    /// As in the list of records.
    #[serde(flatten)]
    pub record: CallbackRecord,
    /// When it is worked on next, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When its newest attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Until when a node works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// The node that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_owner: Option<String>,
    /// WeCom's errcode of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
}

impl CallbackRecordDetails {
    fn of_row(row: Model) -> Self {
        let waits = matches!(row.status, RecordStatus::Waiting | RecordStatus::Running);
        Self {
            due_at: waits.then_some(row.due_at),
            started_at: row.started_at,
            lease_until: row.lease_until,
            lease_owner: row.lease_owner.clone(),
            errcode: row.errcode,
            record: CallbackRecord::of_row(row),
        }
    }
}

/// Lists a page of records, the newest first. `corp_ids` are all ids of the corp that the query names.
pub(crate) async fn search_records(
    store: &Store,
    suites: Vec<SuiteId>,
    query: &RecordQuery,
    corp_ids: Vec<CorpId>,
    limit: u64,
) -> Result<Page<CallbackRecord>> {
    let mut select = Entity::find()
        .order_by_desc(Column::Id)
        .limit(limit.saturating_add(1));
    select = match &query.suite_id {
        Some(suite_id) => select.filter(Column::SuiteId.eq(suite_id.clone())),
        None => select.filter(Column::SuiteId.is_in(suites)),
    };
    if let Some(status) = query.status {
        select = select.filter(Column::Status.eq(status));
    }
    if let Some(event) = &query.event {
        select = select.filter(Column::Event.eq(event.as_str()));
    }
    if query.corp_id.is_some() {
        select = select.filter(Column::CorpId.is_in(corp_ids));
    }
    if let Some(since) = query.since {
        let Some(first) = first_id_since(store, since).await? else {
            return Ok(Page::of_query(Vec::new(), limit, |_: &CallbackRecord| {
                PageCursor::after(&[])
            }));
        };
        select = select.filter(Column::Id.gte(first));
        select = select.filter(Column::ReceivedAt.gte(since));
    }
    if let Some(after) = &query.after {
        select = select.filter(Column::Id.lt(after.number()?));
    }
    let records = select.all(store.database()).await?;
    let records = records.into_iter().map(CallbackRecord::of_row).collect();
    Ok(Page::of_query(records, limit, |record: &CallbackRecord| {
        PageCursor::after(&[&record.record_id.to_string()])
    }))
}

/// An id that no record since this time is below, by the index of the times; none if there is no record since. The list is
/// in the order of ids, and would be read to its end otherwise.
async fn first_id_since(store: &Store, since: Timestamp) -> Result<Option<i64>> {
    let first = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ReceivedAt.gte(since - OUT_OF_ORDER))
        .order_by_asc(Column::ReceivedAt)
        .order_by_asc(Column::Id)
        .limit(1)
        .into_tuple();
    Ok(first.one(store.database()).await?)
}

/// One record.
///
/// # Errors
/// `RECORD_NOT_FOUND`.
pub(crate) async fn find_record(
    store: &Store,
    suites: Vec<SuiteId>,
    record_id: i64,
) -> Result<CallbackRecordDetails> {
    let row = Entity::find_by_id(record_id)
        .filter(Column::SuiteId.is_in(suites))
        .one(store.database())
        .await?;
    row.map(CallbackRecordDetails::of_row)
        .ok_or_else(|| Error::new(ErrorKind::RecordNotFound, "no such callback record"))
}
