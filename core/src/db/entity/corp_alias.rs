//! The other ids of corps. A row whose alias is the id itself says that WeCom was asked and named no other.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_corp_alias")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    /// Normalized.
    #[sea_orm(primary_key, auto_increment = false)]
    pub alias_corp_id: CorpId,
    /// The id that everything about the corp is stored under.
    pub corp_id: CorpId,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
