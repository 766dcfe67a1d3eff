//! Leases on fetching access tokens: one node fetches, the others wait.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_token_lease")]
pub struct Model {
    /// The id of the access token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub owner: String,
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
