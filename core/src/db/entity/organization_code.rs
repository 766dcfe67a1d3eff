//! Organization codes: each stands for one corp under one suite.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_organization_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: Vec<u8>,
    pub suite_id: SuiteId,
    pub corp_id: CorpId,
    /// The code as it was set; `code` is in lower case.
    pub spelling: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
