//! Members of corps whose data was erased: the user that each was bound to, for as long as the corp may come back.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_departed_member")]
pub struct Model {
    /// The keyed hash of suite, corp and userid.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// The keyed hash of suite and corp.
    pub corp_hash: Vec<u8>,
    #[sea_orm(column_name = "local_id")]
    pub user_id: Vec<u8>,
    /// None once the corp is back.
    pub departed_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
