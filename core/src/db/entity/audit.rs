//! The audit: who did what, by ids only.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_audit")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub at: Timestamp,
    pub action: String,
    /// What kind of actor it was.
    pub actor: String,
    /// The host app's user; for other actors, what they are.
    pub who: Option<String>,
    pub suite_id: Option<SuiteId>,
    pub corp_id: Option<CorpId>,
    /// The member that it is about.
    #[sea_orm(column_name = "user_id")]
    pub third_user_id: Option<WecomUserId>,
    /// The client's address, as far as it is kept.
    pub client: Option<String>,
    /// The code of a refusal.
    pub code: Option<String>,
    pub detail: Option<String>,
    /// How many times it happened: refusals under a flood are counted.
    pub occurrences: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
