//! The nodes on this database.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_node")]
pub struct Model {
    /// Random, new at every start.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The version of this library.
    pub version: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
