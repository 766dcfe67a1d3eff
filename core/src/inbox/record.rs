//! One authenticated push, as it is kept and shown.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Serialize, Serializer};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::RecordStatus;
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;
use crate::wecom::Errcode;

/// A callback record, as the list of records shows it: never the event itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallbackRecord {
    /// What `retryCallBack` takes.
    #[serde(serialize_with = "as_text")]
    pub record_id: i64,
    /// The suite it came for.
    pub suite_id: SuiteId,
    /// The company, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<CorpId>,
    /// WeCom's InfoType or Event; empty if the message had none.
    pub event: String,
    /// How far the work on it is.
    pub status: RecordStatus,
    /// How often it was tried.
    pub attempts: i32,
    /// How often the same event came again.
    pub duplicates: i32,
    /// When it came.
    pub received_at: Timestamp,
    /// When its AuthCode dies, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// What the newest try said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl CallbackRecord {
    fn of_row(row: Model) -> Self {
        Self {
            record_id: row.id,
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            event: row.event,
            status: row.status,
            attempts: row.attempts,
            duplicates: row.duplicates,
            received_at: row.received_at,
            deadline: row.deadline,
            last_error: row.last_error,
            hint: row.hint,
        }
    }
}

/// Ids are JSON strings.
fn as_text<S: Serializer>(id: &i64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// The newest records first.
pub(crate) async fn list(
    store: &Store,
    suites: Vec<SuiteId>,
    status: Option<RecordStatus>,
    limit: u64,
    before: Option<i64>,
) -> Result<Vec<CallbackRecord>> {
    let mut select = Entity::find()
        .filter(Column::SuiteId.is_in(suites))
        .order_by_desc(Column::Id)
        .limit(limit);
    if let Some(status) = status {
        select = select.filter(Column::Status.eq(status));
    }
    if let Some(before) = before {
        select = select.filter(Column::Id.lt(before));
    }
    Ok(select
        .all(store.database())
        .await?
        .into_iter()
        .map(CallbackRecord::of_row)
        .collect())
}

/// A new ticket came: what waited for one is due.
pub(crate) async fn wake_waiting(store: &Store, suite_id: &SuiteId) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(store.now()))
        .filter(Column::SuiteId.eq(suite_id.clone()))
        .filter(Column::Status.eq(RecordStatus::Waiting))
        // One whose AuthCode may be in another node's hands has its time.
        .filter(
            Column::Errcode
                .is_null()
                .or(Column::Errcode.ne(Errcode::INVALID_AUTH_CODE.number())),
        )
        .exec(store.database())
        .await?;
    Ok(())
}
