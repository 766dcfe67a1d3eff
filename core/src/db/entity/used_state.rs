//! Used states: those of browser logins whose code was sent to WeCom, unless WeCom refused it.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_spent_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub expires_at: Timestamp,
    /// Of the session that the login leads to; none where it led to no session.
    pub token_hash: Option<Vec<u8>>,
    pub used_at: Option<Timestamp>,
    /// The page of the host app that the login stopped at, with its ticket.
    pub link: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
