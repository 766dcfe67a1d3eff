//! Notifications: what is stored for the host app until one of its hooks takes it.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{CorpId, SuiteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_notification")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: NotificationKind,
    pub suite_id: SuiteId,
    pub corp_id: Option<CorpId>,
    /// Random, so that the payload opens in this row only: the id is not known before the payload is written.
    pub seal_key: Vec<u8>,
    pub payload: Sealed,
    pub created_at: Timestamp,
    /// When a node may deliver it; while one does, until when it may.
    pub due_at: Timestamp,
    pub attempts: i32,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
#[allow(
    unnameable_types,
    reason = "the derive makes it reachable in this private module"
)]
pub enum NotificationKind {
    /// A corp is held until the host app decides.
    #[sea_orm(string_value = "review")]
    Review,
    /// A corp's members can log in.
    #[sea_orm(string_value = "corp_authorized")]
    CorpAuthorized,
    /// A corp cancelled.
    #[sea_orm(string_value = "corp_cancelled")]
    CorpCancelled,
    /// A member left.
    #[sea_orm(string_value = "member_left")]
    MemberLeft,
    /// An event that this library does not act on.
    #[sea_orm(string_value = "unhandled_event")]
    UnhandledEvent,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
