//! Callback records: authenticated pushes, each stored before it is answered.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{CorpId, RecordStatus, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_callback_record")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub suite_id: SuiteId,
    /// From the event, or from the exchange of its AuthCode.
    pub corp_id: Option<CorpId>,
    pub event: String,
    pub status: RecordStatus,
    pub attempts: i32,
    pub duplicates: i32,
    pub hash: Vec<u8>,
    /// The event, until it has been handled; after the exchange of its AuthCode the result, until that is stored as an
    /// authorization.
    pub payload: Option<Sealed>,
    pub received_at: Timestamp,
    /// When its AuthCode expires.
    pub deadline: Option<Timestamp>,
    pub due_at: Timestamp,
    /// When its newest attempt started.
    pub started_at: Option<Timestamp>,
    /// Whether the step that must not be repeated is done: the AuthCode was exchanged and the permanent code is stored,
    /// or the sessions of the member were revoked.
    #[sea_orm(column_name = "exchanged")]
    pub one_time_step_done: bool,
    /// Whether it fits another suite as well. Then sessions are revoked in both, and nothing else is done.
    #[sea_orm(column_name = "guessed")]
    pub ambiguous_suite: bool,
    /// How many attempts certainly did not spend its AuthCode: they did not send it, or WeCom refused it.
    pub unspent_attempts: i32,
    pub lease_owner: Option<String>,
    pub lease_until: Option<Timestamp>,
    pub last_error: Option<String>,
    pub errcode: Option<i64>,
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The identity of a record. After a failover or a restore its id may belong to another event, so the content hash is
/// compared too.
#[derive(Clone, Debug)]
pub(crate) struct RecordKey {
    pub(crate) id: i64,
    pub(crate) hash: Vec<u8>,
}

impl RecordKey {
    /// Returns the identity of a record.
    pub(crate) fn of(record: &Model) -> Self {
        Self {
            id: record.id,
            hash: record.hash.clone(),
        }
    }

    /// Matches the row of this record and no other.
    pub(crate) fn condition(&self) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(Column::Id.eq(self.id))
            .add(Column::Hash.eq(self.hash.clone()))
    }
}
