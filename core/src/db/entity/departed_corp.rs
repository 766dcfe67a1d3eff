//! Corps whose data was erased: their organization codes, for as long as they may come back.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_departed_corp")]
pub struct Model {
    /// The keyed hash of suite and corp.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// As it was spelled.
    pub organization_code: Option<Vec<u8>>,
    pub departed_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
