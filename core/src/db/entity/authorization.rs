//! A company's authorisation of a suite.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::AuthorizationStatus;
use crate::domain::{AgentId, CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_authorization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub corp_id: CorpId,
    pub corp_name: String,
    pub agent_id: Option<AgentId>,
    /// Gone once WeCom has confirmed the end.
    pub permanent_code: Option<Sealed>,
    pub status: AuthorizationStatus,
    /// The errcode that broke it.
    pub broken_by: Option<i64>,
    pub broken_at: Option<Timestamp>,
    /// Sessions live only while it is the one they were made with.
    pub epoch: i64,
    /// Access tokens are stored only for the permanent code they were fetched with.
    pub secret_version: i64,
    /// WeCom's time of the newest event that was carried out, in seconds.
    pub event_time: i64,
    /// Since when people's visibility has to be asked anew.
    pub changed_at: Timestamp,
    /// When WeCom was last asked.
    pub read_at: Option<Timestamp>,
    /// When it is to be asked again.
    pub read_due_at: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
