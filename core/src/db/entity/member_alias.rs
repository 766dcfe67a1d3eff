//! The other userids of members: the encrypted one until the member is moved to it, the plain one from then on.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_person_alias")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub corp_id: CorpId,
    #[sea_orm(primary_key, auto_increment = false, column_name = "alias_user_id")]
    pub alias: WecomUserId,
    /// The userid that everything about the member is stored under.
    #[sea_orm(column_name = "user_id")]
    pub third_user_id: WecomUserId,
    /// The alias is the encrypted userid that the member is to be moved to.
    pub pending: bool,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
