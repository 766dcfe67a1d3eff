//! Login codes: each proves once who logged in.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_login_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub suite_id: SuiteId,
    pub corp_id: CorpId,
    #[sea_orm(column_name = "user_id")]
    pub third_user_id: WecomUserId,
    #[sea_orm(column_name = "local_id")]
    pub user_id: String,
    pub instance: String,
    pub login_type: String,
    /// How the person was proven; none if a node of an earlier version made the code.
    pub proof: Option<String>,
    #[sea_orm(column_name = "person_epoch")]
    pub member_epoch: i64,
    pub authorization_epoch: i64,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    /// Of the session that a browser got for the code.
    pub token_hash: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
