//! `QywxProxyAuthModel`: the user of the host app that each member is bound to.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_user")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub corp_id: CorpId,
    #[sea_orm(primary_key, auto_increment = false, column_name = "user_id")]
    pub third_user_id: WecomUserId,
    #[sea_orm(column_name = "local_id")]
    pub user_id: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
