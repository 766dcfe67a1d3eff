//! Attempts with secrets that may be wrong: those under way, and those that WeCom rejected.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_secret_attempt")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// A hash over the owner of the secret and the secret.
    pub secret: Vec<u8>,
    /// Which part of the budget it takes.
    pub kind: String,
    /// WeCom rejected it; otherwise it is under way.
    pub rejected: bool,
    pub at: Timestamp,
    /// When the rejected secret may be tried again; for those of suites and providers.
    pub retry_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
