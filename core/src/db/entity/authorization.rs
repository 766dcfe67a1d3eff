//! Authorizations: one for each suite that a corp has authorized.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::domain::{AgentId, AuthorizationStatus, CorpId, SuiteId, WecomUserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wecom_authorization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suite_id: SuiteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub corp_id: CorpId,
    pub corp_name: String,
    pub agent_id: Option<AgentId>,
    /// Deleted once WeCom has confirmed the cancellation.
    pub permanent_code: Option<Sealed>,
    pub status: AuthorizationStatus,
    /// The errcode that broke it.
    pub broken_by: Option<i64>,
    pub broken_at: Option<Timestamp>,
    /// A session is valid only while this is the epoch that it was created with.
    pub epoch: i64,
    /// Counts permanent codes: an access token is stored only for the one that it was fetched with.
    pub secret_version: i64,
    /// WeCom's time of the newest event that was handled, in seconds.
    pub event_time: i64,
    /// Members whose visibility was checked before this time are checked again at their next login.
    pub changed_at: Timestamp,
    /// When it was last read from WeCom.
    pub read_at: Option<Timestamp>,
    /// When it is to be read from WeCom again.
    pub read_due_at: Timestamp,
    /// WeCom's time of the event that brought the permanent code, in seconds. None if the code was imported, or stored by
    /// an earlier version.
    pub code_event_time: Option<i64>,
    /// When WeCom first said that the authorization has ended.
    pub end_confirmed_at: Option<Timestamp>,
    /// When WeCom first contradicted a cancellation, or an end that waits for an administrator.
    pub end_contradicted_at: Option<Timestamp>,
    /// Since when the confirmed end waits for an administrator.
    pub end_held_at: Option<Timestamp>,
    /// When the authorization last ended without a `cancel_auth`.
    pub unannounced_end_at: Option<Timestamp>,
    /// When the visibility of the members with live sessions is to be asked again.
    pub visibility_due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// The `secret_version` that an access token was fetched with before.
    pub accepted_version: Option<i64>,
    /// The `secret_version` that WeCom called wrong; it is not tried again before the corp's authorization changes.
    pub rejected_version: Option<i64>,
    /// When it was found that the corp has switched the app off.
    pub switched_off_at: Option<Timestamp>,
    /// How many re-reads have failed since the last that succeeded.
    pub read_failures: Option<i32>,
    /// When its members were moved to encrypted ids. Unknown for corps that had them from the start, until that is asked.
    pub ids_moved_at: Option<Timestamp>,
    /// The state of the authorization link.
    pub state: Option<String>,
    /// The administrator who authorized the app.
    pub installed_by: Option<WecomUserId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
