//! Members: the epoch of their sessions, their profile, and when WeCom last said that the app is visible to them.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::domain::{CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub corp_id: CorpId,
    #[sea_orm(primary_key, auto_increment = false, column_name = "user_id")]
    pub third_user_id: WecomUserId,
    pub epoch: i64,
    /// When the epoch last advanced. A login that started before fails.
    pub ended_at: Option<Timestamp>,
    pub visible_at: Option<Timestamp>,
    /// When the visibility is to be asked again because of an event.
    pub visibility_due_at: Option<Timestamp>,
    /// When the member left the corp, until the binding is deleted. Nobody logs in as this member in between.
    pub left_at: Option<Timestamp>,
    /// When WeCom last said that the member has no interface license.
    pub unlicensed_at: Option<Timestamp>,
    pub name: Option<String>,
    pub avatar: Option<String>,
    pub email: Option<String>,
    pub mobile: Option<String>,
    /// What the host app's binder says of the user, as JSON; none where it says nothing.
    pub attributes: Option<String>,
    /// Grows with every change of the attributes, also over the erasure of a member.
    pub attributes_version: i64,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
