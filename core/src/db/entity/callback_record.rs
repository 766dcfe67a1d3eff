//! One authenticated push, stored before it is answered.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::RecordStatus;
use crate::domain::{CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_callback_record")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub suite_id: SuiteId,
    /// Known from the event, or from the exchange of its AuthCode.
    pub corp_id: Option<CorpId>,
    pub event: String,
    pub status: RecordStatus,
    pub attempts: i32,
    pub duplicates: i32,
    pub hash: Vec<u8>,
    /// The event, until it has been carried out; what its AuthCode was exchanged for, until that is an authorisation.
    pub payload: Option<Sealed>,
    pub received_at: Timestamp,
    /// When its AuthCode dies.
    pub deadline: Option<Timestamp>,
    pub due_at: Timestamp,
    /// When its newest run began.
    pub started_at: Option<Timestamp>,
    /// The step of it that can be done only once is done: its AuthCode was exchanged and the permanent code is stored,
    /// or the sessions of its person were ended.
    #[sea_orm(column_name = "exchanged")]
    pub one_time_step_done: bool,
    /// It fits another suite as well: sessions end in both, and nothing else happens.
    #[sea_orm(column_name = "guessed")]
    pub ambiguous_suite: bool,
    pub lease_owner: Option<String>,
    pub lease_until: Option<Timestamp>,
    pub last_error: Option<String>,
    pub errcode: Option<i64>,
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One record. A failover or a restore can take its row away and give the number to another event, so its content hash
/// goes along.
#[derive(Clone, Debug)]
pub(crate) struct RecordKey {
    pub(crate) id: i64,
    pub(crate) hash: Vec<u8>,
}

impl RecordKey {
    pub(crate) fn of(record: &Model) -> Self {
        Self {
            id: record.id,
            hash: record.hash.clone(),
        }
    }

    /// What finds its row, and no other.
    pub(crate) fn row(&self) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(Column::Id.eq(self.id))
            .add(Column::Hash.eq(self.hash.clone()))
    }
}
