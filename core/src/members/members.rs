//! People: their epoch, their profile, when WeCom last said that they may see the app.

use std::fmt;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, EntityTrait as _, JoinType, QuerySelect as _};

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::member::{ActiveModel, Column, Entity, Model};
use crate::db::entity::user;
use crate::domain::{CorpId, Principal, Profile, SuiteId, WecomUserId};
use crate::error::Result;
use crate::members::binder::DynUserBinder;
use crate::session::Sessions;

#[derive(Clone)]
pub(crate) struct Members(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) sessions: Sessions,
    pub(super) binder: Arc<dyn DynUserBinder>,
    /// The binder is our auth model, whose rows are read along with people.
    is_default_binder: bool,
}

impl Members {
    /// `is_default_binder` says that the binder is our auth model and nothing over it.
    pub(crate) fn new(
        store: Store,
        sessions: Sessions,
        binder: Arc<dyn DynUserBinder>,
        is_default_binder: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            sessions,
            binder,
            is_default_binder,
        }))
    }

    pub(crate) fn binder(&self) -> &dyn DynUserBinder {
        &*self.0.binder
    }

    /// What we know of a person; `None` for one we never saw.
    pub(crate) async fn find(&self, who: &Principal) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(primary_key(who))
            .one(self.0.store.database())
            .await?)
    }

    /// The same with the user that our auth model binds them to, in one statement.
    pub(crate) async fn find_with_user(
        &self,
        who: &Principal,
    ) -> Result<Option<(Model, Option<String>)>> {
        let user = Entity::belongs_to(user::Entity)
            .from((Column::SuiteId, Column::CorpId, Column::ThirdUserId))
            .to((
                user::Column::SuiteId,
                user::Column::CorpId,
                user::Column::ThirdUserId,
            ));
        let found = Entity::find_by_id(primary_key(who))
            .join(JoinType::LeftJoin, user.into())
            .select_also(user::Entity)
            .one(self.0.store.database())
            .await?;
        let bound = |user: Option<user::Model>| {
            user.filter(|_| self.0.is_default_binder)
                .map(|user| user.user_id)
        };
        Ok(found.map(|(person, user)| (person, bound(user))))
    }

    /// WeCom said that the person may see the app; what it told of them is kept.
    pub(crate) async fn record_visible(
        &self,
        who: &Principal,
        profile: &Profile,
        visible_at: Timestamp,
    ) -> Result<()> {
        self.write_profile(who, profile, Some(visible_at)).await
    }

    /// WeCom told something of the person, without saying that they may see the app.
    pub(crate) async fn update_profile(&self, who: &Principal, profile: &Profile) -> Result<()> {
        self.write_profile(who, profile, None).await
    }

    async fn write_profile(
        &self,
        who: &Principal,
        profile: &Profile,
        visible_at: Option<Timestamp>,
    ) -> Result<()> {
        let row = ActiveModel {
            visible_at: Set(visible_at),
            ..self.new_row(who, profile)
        };
        // Silence is no news: what is known from before stays.
        let stays = |column: Column| Expr::col((Entity, column));
        let text = |column: Column, value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(|| stays(column), |value| Expr::value(value.clone()))
        };
        let visible = match visible_at {
            // Not if they were hidden since the question was asked.
            Some(at) => Expr::case(stays(Column::EndedAt).gt(at), stays(Column::VisibleAt))
                .finally(at)
                .into(),
            None => stays(Column::VisibleAt),
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
            .exec_without_returning(self.0.store.database())
            .await?;
        Ok(())
    }

    /// Makes the row of a person we never saw, if there is none.
    pub(crate) async fn upsert(&self, who: &Principal) -> Result<()> {
        let row = self.new_row(who, &Profile::default());
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::SuiteId, Column::CorpId, Column::ThirdUserId])
                    .value(Column::Epoch, Expr::col((Entity, Column::Epoch)))
                    .to_owned(),
            )
            .exec_without_returning(self.0.store.database())
            .await?;
        Ok(())
    }

    pub(super) fn new_row(&self, who: &Principal, profile: &Profile) -> ActiveModel {
        ActiveModel {
            suite_id: Set(who.suite_id.clone()),
            corp_id: Set(who.corp_id.clone()),
            third_user_id: Set(who.third_user_id.clone()),
            epoch: Set(0),
            ended_at: Set(None),
            visible_at: Set(None),
            left_at: Set(None),
            name: Set(profile.name.clone()),
            avatar: Set(profile.avatar.clone()),
            email: Set(profile.email.clone()),
            mobile: Set(profile.mobile.clone()),
            created_at: Set(self.0.store.now()),
        }
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("People")
    }
}

pub(super) fn primary_key(who: &Principal) -> (SuiteId, CorpId, WecomUserId) {
    (
        who.suite_id.clone(),
        who.corp_id.clone(),
        who.third_user_id.clone(),
    )
}
