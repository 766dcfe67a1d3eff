//! APIs that WeCom refuses for every corp of a suite, and that are not called until a probe gets through.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::SuiteId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_api_pause")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    /// The path below `/cgi-bin/`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub api: String,
    /// WeCom's last answer.
    pub errcode: i64,
    /// How many probes were refused.
    pub probes: i32,
    pub since: Timestamp,
    /// When one call may try again.
    pub probe_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
