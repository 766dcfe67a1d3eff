//! The revocation log, which every node follows.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_end")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_name = "number")]
    pub seq: i64,
    /// Random: a row with the same number and another nonce is of another log, after a failover or a restore.
    #[sea_orm(column_name = "mark")]
    pub nonce: i64,
    pub suite_id: Option<SuiteId>,
    pub corp_id: Option<CorpId>,
    #[sea_orm(column_name = "user_id")]
    pub third_user_id: Option<WecomUserId>,
    pub token_hash: Option<Vec<u8>>,
    pub authorization_epoch: Option<i64>,
    pub epoch: Option<i64>,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
