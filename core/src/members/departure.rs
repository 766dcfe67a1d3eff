//! The revocation of a member's sessions, and the departure of members. Each step of an event happens once: an event
//! that is handled late, or again, undoes nothing that came after it.

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::clock::Timestamp;
use crate::db::entity::callback_record::RecordKey;
use crate::db::entity::member::{ActiveModel, Column, Entity};
use crate::db::entity::{authorization, callback_record};
use crate::db::{PrincipalColumns as _, Sealed, Transaction, retry_transaction};
use crate::domain::{Principal, Profile, WecomUserId};
use crate::error::Result;
use crate::failpoint;
use crate::hooks::{Notification, within_hook_timeout};
use crate::members::members::{Members, primary_key};
use crate::revocation::{Revocation, log};

/// Why a member's sessions are revoked, and what is marked in the same transaction so that it happens once.
#[derive(Clone, Copy)]
enum RevokeReason<'a> {
    /// Somebody asked for it.
    Requested(&'a Actor),
    /// The first step of an event.
    EventStart(&'a RecordKey),
    /// The first step of a departure. The binding has to end too.
    DepartureStart(&'a RecordKey),
    /// The last step of a departure: the binding has ended.
    DepartureEnd,
    /// The last step of an event.
    EventEnd(&'a RecordKey),
}

impl RevokeReason<'_> {
    /// The entry of the audit; the last steps of an event tell of nothing new.
    fn audit_entry(self, principal: &Principal) -> Option<NewAuditEntry> {
        let (actor, detail) = match self {
            Self::Requested(actor) => (actor.clone(), None),
            Self::EventStart(_) => (Actor::WeCom, Some("event")),
            Self::DepartureStart(_) => (Actor::WeCom, Some("departure")),
            Self::DepartureEnd | Self::EventEnd(_) => return None,
        };
        let entry = NewAuditEntry::new(actor, AuditAction::PersonSessionsEnded);
        let entry = entry.of_member(principal);
        Some(match detail {
            Some(detail) => entry.with_detail(detail),
            None => entry,
        })
    }
}

impl Members {
    /// Revokes every session of a member, also of one that is not stored: a login may be under way.
    pub(crate) async fn revoke_sessions(&self, principal: &Principal, actor: &Actor) -> Result<()> {
        self.revoke(principal, RevokeReason::Requested(actor)).await
    }

    /// Revokes every session of a member, as the first step of a callback record.
    pub(crate) async fn revoke_sessions_for(
        &self,
        principal: &Principal,
        record: &RecordKey,
    ) -> Result<()> {
        self.revoke(principal, RevokeReason::EventStart(record))
            .await
    }

    /// The app is hidden from the member: sessions are revoked, and the next login asks WeCom again. `record` is the
    /// callback record that says so, if one does.
    pub(crate) async fn revoke_hidden(
        &self,
        principal: &Principal,
        record: Option<&RecordKey>,
    ) -> Result<()> {
        self.revoke(
            principal,
            record.map_or(
                RevokeReason::Requested(&Actor::WeCom),
                RevokeReason::EventStart,
            ),
        )
        .await
    }

    /// The member left the corp: sessions are revoked at once. [`finish_departure`](Self::finish_departure) does the
    /// rest.
    pub(crate) async fn begin_departure(
        &self,
        principal: &Principal,
        record: &RecordKey,
    ) -> Result<()> {
        self.revoke(principal, RevokeReason::DepartureStart(record))
            .await
    }

    /// Ends profile and binding of a member who left, unless that is done. The same userid later is a new person.
    /// Returns whether there was something to do.
    pub(crate) async fn finish_departure(&self, principal: &Principal) -> Result<bool> {
        if self
            .find(principal)
            .await?
            .is_none_or(|known| known.left_at.is_none())
        {
            return Ok(false);
        }
        let unbound = self.inner.binder.unbind(principal);
        within_hook_timeout("UserBinder::unbind", unbound).await?;
        // A login in between may have found the old binding. If another node was faster, the binding that ended just
        // now may belong to a person who logged in since.
        if !retry_transaction(|| self.revoke_once(principal, RevokeReason::DepartureEnd)).await? {
            self.revoke(principal, RevokeReason::Requested(&Actor::WeCom))
                .await?;
        }
        Ok(true)
    }

    /// The member got another userid: the binding moves, and sessions under the old userid are revoked.
    pub(crate) async fn rename(
        &self,
        principal: &Principal,
        new: &WecomUserId,
        record: &RecordKey,
    ) -> Result<()> {
        let new_principal = Principal::new(
            principal.suite_id.clone(),
            principal.corp_id.clone(),
            new.clone(),
        );
        let rebound = self.inner.binder.rebind(principal, &new_principal);
        within_hook_timeout("UserBinder::rebind", rebound).await?;
        // A login in between may have found the old binding.
        self.revoke(principal, RevokeReason::EventEnd(record)).await
    }

    async fn revoke(&self, principal: &Principal, reason: RevokeReason<'_>) -> Result<()> {
        retry_transaction(|| self.revoke_once(principal, reason)).await?;
        Ok(())
    }

    /// Returns whether the step was still to be done.
    async fn revoke_once(&self, principal: &Principal, reason: RevokeReason<'_>) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        if !mark_step(&transaction, principal, reason).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        let epoch = self.next_epoch(&transaction, principal).await?;
        if matches!(reason, RevokeReason::DepartureStart(_)) {
            Entity::update_many()
                .col_expr(Column::LeftAt, Expr::value(self.inner.store.now()))
                .filter(Entity::of_principal(principal))
                .exec(&transaction)
                .await?;
        }
        if matches!(reason, RevokeReason::DepartureEnd) {
            let left = Notification::MemberLeft(principal.clone());
            let notifications = &self.inner.notifications;
            notifications.append(&transaction, &left).await?;
        }
        if let Some(entry) = reason.audit_entry(principal) {
            audit::append(&transaction, &entry, self.inner.store.now()).await?;
        }
        let of_corp = authorization::Entity::find_by_id((
            principal.suite_id.clone(),
            principal.corp_id.clone(),
        ));
        let authorization_epoch = of_corp.one(&transaction).await?.map_or(0, |row| row.epoch);
        let end = Revocation::of_member(principal, authorization_epoch, epoch);
        log::append(&transaction, &end, self.inner.store.now()).await?;
        transaction.commit().await?;
        failpoint::reach("members/revoked");
        self.inner
            .sessions
            .apply_member_epoch(principal, authorization_epoch, epoch);
        Ok(true)
    }

    /// Increments the epoch. The next login asks WeCom for the visibility again.
    async fn next_epoch(
        &self,
        database: &impl ConnectionTrait,
        principal: &Principal,
    ) -> Result<i64> {
        let now = self.inner.store.now();
        let row = ActiveModel {
            epoch: Set(1),
            ended_at: Set(Some(now)),
            ..self.new_row(principal, &Profile::default())
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
        let row = Entity::find_by_id(primary_key(principal))
            .one(database)
            .await?;
        Ok(row.map_or(i64::MAX, |row| row.epoch))
    }
}

/// Marks a step. Returns `false` if it is marked already.
async fn mark_step(
    transaction: &Transaction,
    principal: &Principal,
    reason: RevokeReason<'_>,
) -> Result<bool> {
    use callback_record::Column as Of;
    let marked = match reason {
        RevokeReason::Requested(_) => return Ok(true),
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
                .col_expr(Column::Attributes, Expr::value(None::<String>))
                .col_expr(
                    Column::AttributesVersion,
                    Expr::col((Entity, Column::AttributesVersion)).add(1),
                )
                .filter(Entity::of_principal(principal))
                .filter(Column::LeftAt.is_not_null())
                .exec(transaction)
                .await?
        }
    };
    Ok(marked.rows_affected > 0)
}
