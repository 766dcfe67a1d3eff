//! The rows that a session refers to, for the unit tests that issue sessions.

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait as _;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::{authorization, member};
use crate::domain::{AuthorizationStatus, Principal};

/// Inserts a member and the authorization of the member's corp, both of epoch 0.
pub(crate) async fn insert_member(store: &Store, principal: &Principal) {
    let now = store.now();
    let authorization = authorization::ActiveModel {
        suite_id: Set(principal.suite_id.clone()),
        corp_id: Set(principal.corp_id.clone()),
        corp_name: Set(String::new()),
        status: Set(AuthorizationStatus::Active),
        epoch: Set(0),
        secret_version: Set(0),
        event_time: Set(i64::MIN),
        changed_at: Set(now),
        read_due_at: Set(Timestamp::from_millis(i64::MAX)),
        created_at: Set(now),
        ..Default::default()
    };
    authorization::Entity::insert(authorization)
        .exec_without_returning(store.database())
        .await
        .unwrap();
    let member = member::ActiveModel {
        suite_id: Set(principal.suite_id.clone()),
        corp_id: Set(principal.corp_id.clone()),
        third_user_id: Set(principal.third_user_id.clone()),
        epoch: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    member::Entity::insert(member)
        .exec_without_returning(store.database())
        .await
        .unwrap();
}
