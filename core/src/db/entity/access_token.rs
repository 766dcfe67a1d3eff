//! Access tokens, stored so that a restart fetches none.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_access_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub suite_id: Option<SuiteId>,
    pub corp_id: Option<CorpId>,
    pub value: Sealed,
    /// The `secret_version` of the authorization that it was fetched with.
    pub version: i64,
    pub fetched_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
