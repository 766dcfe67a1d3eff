//! The stored state of a member: epoch, profile, and when WeCom last said that the app is visible.

use std::fmt;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, EntityTrait as _, JoinType, QuerySelect as _};
use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::member::{ActiveModel, Column, Entity, Model};
use crate::db::entity::user;
use crate::domain::{CorpId, Principal, Profile, SuiteId, WecomUserId};
use crate::error::Result;
use crate::hooks::Notifications;
use crate::members::binder::DynUserBinder;
use crate::session::Sessions;

/// The members of all corps.
#[derive(Clone)]
pub(crate) struct Members {
    pub(super) inner: Arc<MembersDeps>,
}

/// What [`Members`] depends on.
pub(crate) struct MembersDeps {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) binder: Arc<dyn DynUserBinder>,
    pub(crate) notifications: Notifications,
    /// Whether `binder` is the default one, not wrapped: its rows are read together with the members.
    pub(crate) is_default_binder: bool,
    /// Wakes the task that asks for the visibility of members.
    pub(crate) visibility_due: Arc<Notify>,
}

impl Members {
    pub(crate) fn new(deps: MembersDeps) -> Self {
        Self {
            inner: Arc::new(deps),
        }
    }

    pub(crate) fn binder(&self) -> &dyn DynUserBinder {
        &*self.inner.binder
    }

    /// The stored member, if there is one.
    pub(crate) async fn find(&self, principal: &Principal) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(primary_key(principal))
            .one(self.inner.store.database())
            .await?)
    }

    /// The stored member and the user that the default binder bound the member to, in one statement.
    pub(crate) async fn find_with_user(
        &self,
        principal: &Principal,
    ) -> Result<Option<(Model, Option<String>)>> {
        let user = Entity::belongs_to(user::Entity)
            .from((Column::SuiteId, Column::CorpId, Column::ThirdUserId))
            .to((
                user::Column::SuiteId,
                user::Column::CorpId,
                user::Column::ThirdUserId,
            ));
        let found = Entity::find_by_id(primary_key(principal))
            .join(JoinType::LeftJoin, user.into())
            .select_also(user::Entity)
            .one(self.inner.store.database())
            .await?;
        let bound = |user: Option<user::Model>| {
            user.filter(|_| self.inner.is_default_binder)
                .map(|user| user.user_id)
        };
        Ok(found.map(|(member, user)| (member, bound(user))))
    }

    /// Stores that the app was visible to the member at this time, and the profile.
    pub(crate) async fn record_visible(
        &self,
        principal: &Principal,
        profile: &Profile,
        visible_at: Timestamp,
    ) -> Result<()> {
        self.write_profile(principal, profile, Some(visible_at))
            .await
    }

    /// Stores the profile of a member whose visibility was not asked.
    pub(crate) async fn update_profile(
        &self,
        principal: &Principal,
        profile: &Profile,
    ) -> Result<()> {
        self.write_profile(principal, profile, None).await
    }

    async fn write_profile(
        &self,
        principal: &Principal,
        profile: &Profile,
        visible_at: Option<Timestamp>,
    ) -> Result<()> {
        let row = ActiveModel {
            visible_at: Set(visible_at),
            ..self.new_row(principal, profile)
        };
        // A missing field does not clear what is stored.
        let unchanged = |column: Column| Expr::col((Entity, column));
        let text = |column: Column, value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(|| unchanged(column), |value| Expr::value(value.clone()))
        };
        let visible = match visible_at {
            // Not if the app was hidden from the member after WeCom was asked, nor while WeCom is to be asked again.
            Some(at) => Expr::case(
                unchanged(Column::EndedAt)
                    .gt(at)
                    .or(unchanged(Column::VisibilityDueAt).is_not_null()),
                unchanged(Column::VisibleAt),
            )
            .finally(at)
            .into(),
            None => unchanged(Column::VisibleAt),
        };
        let update = OnConflict::columns([Column::SuiteId, Column::CorpId, Column::ThirdUserId])
            .value(Column::VisibleAt, visible)
            .value(Column::Name, text(Column::Name, &profile.name))
            .value(Column::Avatar, text(Column::Avatar, &profile.avatar))
            .value(Column::Email, text(Column::Email, &profile.email))
            .value(Column::Mobile, text(Column::Mobile, &profile.mobile))
            .to_owned();
        Entity::insert(row)
            .on_conflict(update)
            .exec_without_returning(self.inner.store.database())
            .await?;
        Ok(())
    }

    /// Creates the row of a member, if there is none.
    pub(crate) async fn upsert(&self, principal: &Principal) -> Result<()> {
        let row = self.new_row(principal, &Profile::default());
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::SuiteId, Column::CorpId, Column::ThirdUserId])
                    .value(Column::Epoch, Expr::col((Entity, Column::Epoch)))
                    .to_owned(),
            )
            .exec_without_returning(self.inner.store.database())
            .await?;
        Ok(())
    }

    pub(super) fn new_row(&self, principal: &Principal, profile: &Profile) -> ActiveModel {
        ActiveModel {
            suite_id: Set(principal.suite_id.clone()),
            corp_id: Set(principal.corp_id.clone()),
            third_user_id: Set(principal.third_user_id.clone()),
            epoch: Set(0),
            ended_at: Set(None),
            visible_at: Set(None),
            visibility_due_at: Set(None),
            left_at: Set(None),
            unlicensed_at: Set(None),
            name: Set(profile.name.clone()),
            avatar: Set(profile.avatar.clone()),
            email: Set(profile.email.clone()),
            mobile: Set(profile.mobile.clone()),
            attributes: Set(None),
            // A member who comes after an erased one of this id has newer attributes.
            attributes_version: Set(self.inner.store.now().as_millis()),
            created_at: Set(self.inner.store.now()),
        }
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members")
    }
}

pub(super) fn primary_key(principal: &Principal) -> (SuiteId, CorpId, WecomUserId) {
    (
        principal.suite_id.clone(),
        principal.corp_id.clone(),
        principal.third_user_id.clone(),
    )
}
