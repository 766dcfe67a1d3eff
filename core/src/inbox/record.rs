//! Callback records as an operator sees them, and their wake-up by a new ticket.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::{CorpId, RecordStatus, SuiteId, number_as_text};
use crate::error::Result;
use crate::inbox::lane::Lane;
use crate::wecom::Errcode;

/// A callback record in the list of records. It never holds the event itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallbackRecord {
    /// What `retryCallBack` takes.
    #[serde(with = "number_as_text")]
    pub record_id: i64,
    /// The suite that the event was sent to.
    pub suite_id: SuiteId,
    /// The corp, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<CorpId>,
    /// WeCom's InfoType or Event; empty if the message had none.
    pub event: String,
    /// The state of the work on it.
    pub status: RecordStatus,
    /// How often it was attempted.
    pub attempts: i32,
    /// How often the same event was redelivered.
    pub duplicates: i32,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When its AuthCode expires, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// The error of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What an operator can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl CallbackRecord {
    pub(super) fn of_row(row: Model) -> Self {
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

/// Lists records, the newest first.
pub(crate) async fn list_records(
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

/// A new ticket arrived: AuthCodes that wait for one are due.
pub(crate) async fn wake_waiting(store: &Store, suite_id: &SuiteId) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(store.now()))
        .filter(Column::SuiteId.eq(suite_id.clone()))
        .filter(Column::Status.eq(RecordStatus::Waiting))
        .filter(Lane::AuthCode.condition())
        // A record whose AuthCode another node may have exchanged keeps its wait.
        .filter(
            Column::Errcode
                .is_null()
                .or(Column::Errcode.ne(Errcode::INVALID_AUTH_CODE.number())),
        )
        .exec(store.database())
        .await?;
    Ok(())
}
