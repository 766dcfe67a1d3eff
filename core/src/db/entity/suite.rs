//! Suites: the newest ticket of each.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::SuiteId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_suite")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    pub ticket: Option<Sealed>,
    /// WeCom's `TimeStamp` of the ticket, in seconds.
    pub ticket_time: Option<i64>,
    /// When the ticket arrived.
    pub ticket_at: Option<Timestamp>,
    /// The record that brought it.
    pub ticket_record: Option<i64>,
    /// Whether WeCom refused it (40085). Then the next one replaces it whatever its time.
    pub ticket_refused: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
