//! How people's sessions end, and how people leave. What an event says is done once: an event that is carried out late,
//! or once more, undoes nothing that came after it.

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
};

use crate::clock::Timestamp;
use crate::db::entity::callback_record::RecordKey;
use crate::db::entity::member::{ActiveModel, Column, Entity};
use crate::db::entity::{authorization, callback_record};
use crate::db::{PrincipalColumns as _, Sealed, Transaction, retry_transaction};
use crate::domain::WecomUserId;
use crate::domain::{Principal, Profile};
use crate::error::Result;
use crate::failpoint;
use crate::members::members::{Members, primary_key};
use crate::revocation::{Revocation, log};

/// Why a person's sessions end, and what is booked with it so that it is done once.
#[derive(Clone, Copy)]
enum RevokeReason<'a> {
    /// Somebody asked for it.
    Requested,
    /// The first step of an event.
    EventStart(&'a RecordKey),
    /// The same of one who leaves: their binding is to end too.
    DepartureStart(&'a RecordKey),
    /// The binding of one who left has ended.
    DepartureEnd,
    /// The last step of an event.
    EventEnd(&'a RecordKey),
}

impl Members {
    /// Ends every session of a person, of one never seen too: a login of theirs may be under way.
    pub(crate) async fn revoke_sessions(&self, who: &Principal) -> Result<()> {
        self.revoke(who, RevokeReason::Requested).await
    }

    /// The same as the first step of a callback record.
    pub(crate) async fn revoke_sessions_for(
        &self,
        who: &Principal,
        record: &RecordKey,
    ) -> Result<()> {
        self.revoke(who, RevokeReason::EventStart(record)).await
    }

    /// WeCom does not show the app to this person any more: sessions end, and the next login asks again. `record` is
    /// the callback record that says so, if one does.
    pub(crate) async fn revoke_hidden(
        &self,
        who: &Principal,
        record: Option<&RecordKey>,
    ) -> Result<()> {
        self.revoke(
            who,
            record.map_or(RevokeReason::Requested, RevokeReason::EventStart),
        )
        .await
    }

    /// The person left the company: their sessions end at once. [`finish_departure`](Self::finish_departure) does the rest.
    pub(crate) async fn begin_departure(&self, who: &Principal, record: &RecordKey) -> Result<()> {
        self.revoke(who, RevokeReason::DepartureStart(record)).await
    }

    /// The person has left: profile and binding end, unless that is done. The same userid later is a new person. Says
    /// whether there was something to do.
    pub(crate) async fn finish_departure(&self, who: &Principal) -> Result<bool> {
        if self
            .find(who)
            .await?
            .is_none_or(|known| known.left_at.is_none())
        {
            return Ok(false);
        }
        self.0.binder.unbind(who).await?;
        // A login of before found the old binding. If another node was quicker, the binding that ended just now may have
        // been that of one who came since.
        if !retry_transaction(|| self.revoke_once(who, RevokeReason::DepartureEnd)).await? {
            self.revoke(who, RevokeReason::Requested).await?;
        }
        Ok(true)
    }

    /// The person's userid changed: who they are in the host app goes along, and sessions under the old one end.
    pub(crate) async fn rename(
        &self,
        who: &Principal,
        new: &WecomUserId,
        record: &RecordKey,
    ) -> Result<()> {
        let renamed = Principal::new(who.suite_id.clone(), who.corp_id.clone(), new.clone());
        self.0.binder.rebind(who, &renamed).await?;
        // A login in between found the old binding.
        self.revoke(who, RevokeReason::EventEnd(record)).await
    }

    async fn revoke(&self, who: &Principal, reason: RevokeReason<'_>) -> Result<()> {
        retry_transaction(|| self.revoke_once(who, reason)).await?;
        Ok(())
    }

    /// Says whether the step was still to be done.
    async fn revoke_once(&self, who: &Principal, reason: RevokeReason<'_>) -> Result<bool> {
        let transaction = self.0.store.begin().await?;
        if !mark_step(&transaction, who, reason).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        let epoch = self.next_epoch(&transaction, who).await?;
        if matches!(reason, RevokeReason::DepartureStart(_)) {
            Entity::update_many()
                .col_expr(Column::LeftAt, Expr::value(self.0.store.now()))
                .filter(Entity::of_principal(who))
                .exec(&transaction)
                .await?;
        }
        let of_corp =
            authorization::Entity::find_by_id((who.suite_id.clone(), who.corp_id.clone()));
        let authorization_epoch = of_corp.one(&transaction).await?.map_or(0, |row| row.epoch);
        let end = Revocation::of_member(who, authorization_epoch, epoch);
        log::append(&transaction, &end, self.0.store.now()).await?;
        transaction.commit().await?;
        failpoint::reach("people/ended");
        self.0
            .sessions
            .apply_member_epoch(who, authorization_epoch, epoch);
        Ok(true)
    }

    /// Whoever logs in after an end is asked for at WeCom again.
    async fn next_epoch(&self, database: &impl ConnectionTrait, who: &Principal) -> Result<i64> {
        let now = self.0.store.now();
        let row = ActiveModel {
            epoch: Set(1),
            ended_at: Set(Some(now)),
            ..self.new_row(who, &Profile::default())
        };
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::SuiteId, Column::CorpId, Column::ThirdUserId])
                    .value(Column::Epoch, Expr::col((Entity, Column::Epoch)).add(1))
                    .value(Column::EndedAt, Expr::value(now))
                    .value(Column::VisibleAt, Expr::value(None::<Timestamp>))
                    .to_owned(),
            )
            .exec_without_returning(database)
            .await?;
        let row = Entity::find_by_id(primary_key(who)).one(database).await?;
        Ok(row.map_or(i64::MAX, |row| row.epoch))
    }
}

/// Books a step. `false` if it is done already.
async fn mark_step(
    transaction: &Transaction,
    who: &Principal,
    reason: RevokeReason<'_>,
) -> Result<bool> {
    use callback_record::Column as Of;
    let marked = match reason {
        RevokeReason::Requested => return Ok(true),
        RevokeReason::EventStart(record) | RevokeReason::DepartureStart(record) => {
            callback_record::Entity::update_many()
                .col_expr(Of::OneTimeStepDone, Expr::value(true))
                .filter(record.condition())
                .filter(Of::OneTimeStepDone.eq(false))
                .exec(transaction)
                .await?
        }
        RevokeReason::EventEnd(record) => {
            callback_record::Entity::update_many()
                .col_expr(Of::Payload, Expr::value(None::<Sealed>))
                .filter(record.condition())
                .filter(Of::Payload.is_not_null())
                .exec(transaction)
                .await?
        }
        RevokeReason::DepartureEnd => {
            Entity::update_many()
                .col_expr(Column::LeftAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::Name, Expr::value(None::<String>))
                .col_expr(Column::Avatar, Expr::value(None::<String>))
                .col_expr(Column::Email, Expr::value(None::<String>))
                .col_expr(Column::Mobile, Expr::value(None::<String>))
                .filter(Entity::of_principal(who))
                .filter(Column::LeftAt.is_not_null())
                .exec(transaction)
                .await?
        }
    };
    Ok(marked.rows_affected > 0)
}
