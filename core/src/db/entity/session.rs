//! Sessions.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub suite_id: SuiteId,
    pub corp_id: CorpId,
    #[sea_orm(column_name = "user_id")]
    pub third_user_id: WecomUserId,
    #[sea_orm(column_name = "local_id")]
    pub user_id: String,
    pub instance: String,
    pub platform: String,
    pub login_type: String,
    #[sea_orm(column_name = "person_epoch")]
    pub member_epoch: i64,
    pub authorization_epoch: i64,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// The absolute timeout.
    pub expires_at: Timestamp,
    /// The session_key of the mini program that the login came from.
    pub mini_program_key: Option<Sealed>,
    /// Of the session of a machine alone.
    pub machine_name: Option<String>,
    /// With spaces between them.
    pub machine_scopes: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
