//! People: their epoch, their profile, when WeCom last said that they may see the app.

use std::fmt;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _,
};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::failpoint;
use crate::ids::UserId;
use crate::login::binder::Binder;
use crate::session::{Principal, Profile, Sessions};
use crate::store::ends::{self, End};
use crate::store::entity::person::{ActiveModel, Column, Entity, Model};
use crate::store::entity::{authorization, callback_record, user};
use crate::store::{Store, Transaction, retried};

#[derive(Clone)]
pub(crate) struct People(Arc<Inner>);

struct Inner {
    store: Store,
    sessions: Sessions,
    binder: Arc<dyn Binder>,
    /// The binder is our auth model, whose rows are read along with people.
    by_auth_model: bool,
}

impl People {
    /// `by_auth_model` says that the binder is our auth model and nothing over it.
    pub(crate) fn new(
        store: Store,
        sessions: Sessions,
        binder: Arc<dyn Binder>,
        by_auth_model: bool,
    ) -> Self {
        Self(Arc::new(Inner { store, sessions, binder, by_auth_model }))
    }

    pub(crate) fn binder(&self) -> &dyn Binder {
        &*self.0.binder
    }

    /// What we know of a person; `None` for one we never saw.
    pub(crate) async fn find(&self, who: &Principal) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(key(who)).one(self.0.store.database()).await?)
    }

    /// The same with the user that our auth model binds them to, in one statement.
    pub(crate) async fn find_with_user(&self, who: &Principal) -> Result<Option<(Model, Option<String>)>> {
        let user = Entity::belongs_to(user::Entity)
            .from((Column::SuiteId, Column::CorpId, Column::UserId))
            .to((user::Column::SuiteId, user::Column::CorpId, user::Column::UserId));
        let found = Entity::find_by_id(key(who))
            .join(JoinType::LeftJoin, user.into())
            .select_also(user::Entity)
            .one(self.0.store.database())
            .await?;
        let bound =
            |user: Option<user::Model>| user.filter(|_| self.0.by_auth_model).map(|user| user.local_id);
        Ok(found.map(|(person, user)| (person, bound(user))))
    }

    /// WeCom said that the person may see the app; what it told of them is kept.
    pub(crate) async fn seen(&self, who: &Principal, profile: &Profile, visible_at: Timestamp) -> Result<()> {
        self.keep(who, profile, Some(visible_at)).await
    }

    /// WeCom told something of the person, without saying that they may see the app.
    pub(crate) async fn told(&self, who: &Principal, profile: &Profile) -> Result<()> {
        self.keep(who, profile, None).await
    }

    async fn keep(&self, who: &Principal, profile: &Profile, visible_at: Option<Timestamp>) -> Result<()> {
        let row = ActiveModel { visible_at: Set(visible_at), ..self.row(who, profile) };
        // Silence is no news: what is known from before stays.
        let stays = |column: Column| Expr::col((Entity, column));
        let text = |column: Column, value: &Option<String>| {
            value.as_ref().map_or_else(|| stays(column), |value| Expr::value(value.clone()))
        };
        let visible = match visible_at {
            // Not if they were hidden since the question was asked.
            Some(at) => {
                Expr::case(stays(Column::EndedAt).gt(at), stays(Column::VisibleAt)).finally(at).into()
            }
            None => stays(Column::VisibleAt),
        };
        let update = OnConflict::columns([Column::SuiteId, Column::CorpId, Column::UserId])
            .value(Column::VisibleAt, visible)
            .value(Column::Name, text(Column::Name, &profile.name))
            .value(Column::Avatar, text(Column::Avatar, &profile.avatar))
            .value(Column::Email, text(Column::Email, &profile.email))
            .value(Column::Mobile, text(Column::Mobile, &profile.mobile))
            .to_owned();
        Entity::insert(row).on_conflict(update).exec_without_returning(self.0.store.database()).await?;
        Ok(())
    }

    /// Makes the row of a person we never saw, if there is none.
    pub(crate) async fn ensure(&self, who: &Principal) -> Result<()> {
        let row = self.row(who, &Profile::default());
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::SuiteId, Column::CorpId, Column::UserId])
                    .value(Column::Epoch, Expr::col((Entity, Column::Epoch)))
                    .to_owned(),
            )
            .exec_without_returning(self.0.store.database())
            .await?;
        Ok(())
    }

    /// Ends every session of a person, of one never seen too: a login of theirs may be under way.
    pub(crate) async fn end_sessions(&self, who: &Principal) -> Result<()> {
        retried(|| self.end_sessions_once(who, None)).await
    }

    /// The same as the last step of a callback record. It is booked there with it, so that a record which is taken up
    /// again after a crash does not end the sessions that began since.
    async fn end_sessions_by(&self, who: &Principal, record_id: Option<i64>) -> Result<()> {
        retried(|| self.end_sessions_once(who, record_id)).await
    }

    async fn end_sessions_once(&self, who: &Principal, record_id: Option<i64>) -> Result<()> {
        let transaction = self.0.store.begin().await?;
        if let Some(record_id) = record_id
            && !carried_out(&transaction, record_id).await?
        {
            transaction.rollback().await?;
            return Ok(());
        }
        let epoch = self.next_epoch(&transaction, who).await?;
        let of_corp = authorization::Entity::find_by_id((who.suite_id.clone(), who.corp_id.clone()));
        let authorization_epoch = of_corp.one(&transaction).await?.map_or(0, |row| row.epoch);
        let end = End::Person {
            suite_id: who.suite_id.clone(),
            corp_id: who.corp_id.clone(),
            user_id: who.user_id.clone(),
            authorization_epoch,
            epoch,
        };
        ends::publish(&transaction, &end, self.0.store.now()).await?;
        transaction.commit().await?;
        failpoint::reach("people/ended");
        self.0.sessions.person_ended(who, authorization_epoch, epoch);
        Ok(())
    }

    /// WeCom does not show the app to this person any more: sessions end, and the next login asks again. `record_id` is
    /// of the callback record that says so, if one does.
    pub(crate) async fn hidden(&self, who: &Principal, record_id: Option<i64>) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::VisibleAt, Expr::value(None::<Timestamp>))
            .filter(row_of(who))
            .exec(self.0.store.database())
            .await?;
        self.end_sessions_by(who, record_id).await
    }

    /// The person left the company: sessions, profile and binding end. The same userid later is a new person.
    pub(crate) async fn left(&self, who: &Principal, record_id: i64) -> Result<()> {
        self.end_sessions(who).await?;
        self.0.binder.unbind(who).await?;
        Entity::update_many()
            .col_expr(Column::VisibleAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::Name, Expr::value(None::<String>))
            .col_expr(Column::Avatar, Expr::value(None::<String>))
            .col_expr(Column::Email, Expr::value(None::<String>))
            .col_expr(Column::Mobile, Expr::value(None::<String>))
            .filter(row_of(who))
            .exec(self.0.store.database())
            .await?;
        // A login in between found the old binding.
        self.end_sessions_by(who, Some(record_id)).await
    }

    /// The person's userid changed: sessions under the old one end; who they are in the host app goes along.
    pub(crate) async fn renamed(&self, who: &Principal, new: &UserId, record_id: i64) -> Result<()> {
        self.end_sessions(who).await?;
        let renamed = Principal::new(who.suite_id.clone(), who.corp_id.clone(), new.clone());
        self.0.binder.rebind(who, &renamed).await?;
        self.hidden(who, Some(record_id)).await
    }

    async fn next_epoch(&self, database: &impl ConnectionTrait, who: &Principal) -> Result<i64> {
        let now = self.0.store.now();
        let row =
            ActiveModel { epoch: Set(1), ended_at: Set(Some(now)), ..self.row(who, &Profile::default()) };
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::SuiteId, Column::CorpId, Column::UserId])
                    .value(Column::Epoch, Expr::col((Entity, Column::Epoch)).add(1))
                    .value(Column::EndedAt, Expr::value(now))
                    .to_owned(),
            )
            .exec_without_returning(database)
            .await?;
        let row = Entity::find_by_id(key(who)).one(database).await?;
        Ok(row.map_or(i64::MAX, |row| row.epoch))
    }

    fn row(&self, who: &Principal, profile: &Profile) -> ActiveModel {
        ActiveModel {
            suite_id: Set(who.suite_id.clone()),
            corp_id: Set(who.corp_id.clone()),
            user_id: Set(who.user_id.clone()),
            epoch: Set(0),
            ended_at: Set(None),
            visible_at: Set(None),
            name: Set(profile.name.clone()),
            avatar: Set(profile.avatar.clone()),
            email: Set(profile.email.clone()),
            mobile: Set(profile.mobile.clone()),
            created_at: Set(self.0.store.now()),
        }
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("People")
    }
}

/// Books the step of a record that is done once. `false` if it is done already.
async fn carried_out(transaction: &Transaction, record_id: i64) -> Result<bool> {
    let booked = callback_record::Entity::update_many()
        .col_expr(callback_record::Column::Exchanged, Expr::value(true))
        .filter(callback_record::Column::Id.eq(record_id))
        .filter(callback_record::Column::Exchanged.eq(false))
        .exec(transaction)
        .await?;
    Ok(booked.rows_affected > 0)
}

fn key(who: &Principal) -> (crate::SuiteId, crate::CorpId, UserId) {
    (who.suite_id.clone(), who.corp_id.clone(), who.user_id.clone())
}

fn row_of(who: &Principal) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(Column::SuiteId.eq(who.suite_id.clone()))
        .add(Column::CorpId.eq(who.corp_id.clone()))
        .add(Column::UserId.eq(who.user_id.clone()))
}
