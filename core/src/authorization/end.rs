//! The end of an authorization: when WeCom's refusals confirm it, how many corps may end unannounced, what undoes it.
//!
//! | | its data goes after |
//! |---|---|
//! | `cancel_auth` arrived | one refusal of `Errcode::confirms_end` by `get_auth_info` |
//! | `cancel_auth` arrived before the first good read | two of them, ten minutes apart |
//! | nothing arrived | two 48004 by `get_auth_info`, ten minutes apart, after a first good read; of three corps an hour |
//!
//! Once a fourth corp would end within an hour, its end and every further one wait for an administrator
//! (`AdminService::confirm_corp_end`), for a `cancel_auth`, or for two contrary answers of WeCom.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::authorization::authorization::{Authorization, not_authorized};
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{is_unchanged, next_epoch, sessions_ended};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::{lock_counter, retry_transaction};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::hooks::Notification;
use crate::wecom::Errcode;

/// How long after WeCom's first confirmation of an end the second one counts.
const CONFIRMATION_INTERVAL: Duration = Duration::from_mins(10);
/// How long after the first contrary answer the second one undoes the end.
pub(super) const CONTRADICTION_INTERVAL: Duration = Duration::from_mins(1);
/// The corps that may end without a `cancel_auth` within [`UNANNOUNCED_END_WINDOW`].
const MAX_UNANNOUNCED_ENDS: u64 = 3;
const UNANNOUNCED_END_WINDOW: Duration = Duration::from_hours(1);

/// What is known of the end of an authorization that WeCom refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndState {
    /// When WeCom first confirmed it.
    pub(super) confirmed_at: Option<Timestamp>,
    /// Since when it waits for an administrator.
    pub(super) held_at: Option<Timestamp>,
}

impl EndState {
    pub(super) fn of(known: &Authorization) -> Self {
        Self {
            // A confirmation from before the authorization broke is of a permanent code that was replaced.
            confirmed_at: known
                .end_confirmed_at
                .filter(|at| known.broken_at.is_some_and(|broken_at| *at >= broken_at)),
            held_at: known.end_held_at,
        }
    }
}

/// How an unannounced end that WeCom confirmed twice goes on.
enum UnannouncedEnd {
    Ended,
    /// It waits for an administrator, as do this many others.
    Held(u64),
    /// The authorization changed after WeCom was asked.
    Outdated,
}

impl Authorizations {
    /// WeCom said that the authorization has ended.
    pub(super) async fn apply_ended(&self, known: &Authorization, errcode: Errcode) -> Result<()> {
        let now = self.inner.store.now();
        let mut end = EndState::of(known);
        if !is_confirmed(known, now) {
            end.confirmed_at = end.confirmed_at.or(Some(now));
            return self.apply_refused(known, errcode, end).await;
        }
        if known.status == AuthorizationStatus::Cancelled {
            return self.erase(known).await;
        }
        match retry_transaction(|| self.end_unannounced_once(known)).await? {
            UnannouncedEnd::Ended => self.erase_cancelled_now(known).await,
            UnannouncedEnd::Held(others) => {
                self.log_held_end(known, others);
                end.held_at = end.held_at.or(Some(now));
                self.apply_refused(known, errcode, end).await
            }
            UnannouncedEnd::Outdated => Ok(()),
        }
    }

    /// An administrator confirms the end of an authorization that WeCom said has ended: the corp's data is erased.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: WeCom did not say so.
    pub(crate) async fn confirm_end(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        actor: Actor,
    ) -> Result<()> {
        let database = self.inner.store.database();
        let known = self.read_row(database, suite_id, corp_id).await?;
        let known = known
            .filter(|known| known.permanent_code.is_some())
            .ok_or_else(not_authorized)?;
        if known.status == AuthorizationStatus::Cancelled {
            return self.erase(&known).await;
        }
        if EndState::of(&known).confirmed_at.is_none() {
            return Err(not_authorized());
        }
        let end = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::EndHeldAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
            // A re-read may refuse it once more meanwhile.
            .filter(Column::SecretVersion.eq(known.secret_version))
            .filter(Column::Status.ne(AuthorizationStatus::Cancelled));
        let cancelled = Notification::CorpCancelled(known.corp_info());
        let entry = NewAuditEntry::new(actor, AuditAction::CorpEndConfirmed);
        let entry = entry.of_corp(suite_id, corp_id);
        if !self
            .update_and_notify(suite_id, corp_id, end, &cancelled, Some(&entry))
            .await?
        {
            return Err(not_authorized());
        }
        self.erase_cancelled_now(&known).await
    }

    /// Ends an authorization without a `cancel_auth`, if that is not the fourth within an hour on all nodes together, and
    /// no other one waits for an administrator.
    async fn end_unannounced_once(&self, known: &Authorization) -> Result<UnannouncedEnd> {
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let now = self.inner.store.now();
        let transaction = self.inner.store.begin().await?;
        self.lock_row(&transaction, suite_id, corp_id).await?;
        // One at a time, so that no two nodes count the same ends.
        lock_counter(&transaction).await?;
        let recent = Entity::find()
            .filter(Column::UnannouncedEndAt.gt(now - UNANNOUNCED_END_WINDOW))
            .count(&transaction)
            .await?;
        let held = Entity::find()
            .filter(Column::EndHeldAt.is_not_null())
            .count(&transaction)
            .await?;
        if recent >= MAX_UNANNOUNCED_ENDS || held > 0 {
            transaction.rollback().await?;
            return Ok(UnannouncedEnd::Held(
                held - u64::from(known.end_held_at.is_some()).min(held),
            ));
        }
        let ended = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::UnannouncedEndAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .filter(is_unchanged(known))
            .exec(&transaction)
            .await?;
        if ended.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(UnannouncedEnd::Outdated);
        }
        let cancelled = Notification::CorpCancelled(known.corp_info());
        let notifications = &self.inner.notifications;
        notifications.append(&transaction, &cancelled).await?;
        let entry = sessions_ended(Actor::WeCom, suite_id, corp_id).with_detail("ended");
        audit::append(&transaction, &entry, now).await?;
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(UnannouncedEnd::Ended)
    }

    /// Erases the data of a corp whose end began just now. `known` is from before the end.
    async fn erase_cancelled_now(&self, known: &Authorization) -> Result<()> {
        let database = self.inner.store.database();
        let cancelled = self
            .read_row(database, &known.suite_id, &known.corp_id)
            .await?;
        let cancelled = cancelled.filter(|cancelled| {
            cancelled.status == AuthorizationStatus::Cancelled
                && cancelled.secret_version == known.secret_version
        });
        match cancelled {
            Some(cancelled) => self.erase(&cancelled).await,
            None => Ok(()),
        }
    }

    fn log_held_end(&self, known: &Authorization, others: u64) {
        if self.inner.held_ends.record(()).is_none() {
            return;
        }
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        tracing::error!(
            target: "wecom_login", %suite_id, %corp_id, others,
            "WeCom says that more corps have ended than may end in an hour without a cancel_auth: nothing of them is \
             deleted until an administrator confirms each (AdminService::confirm_corp_end)"
        );
    }
}

/// Whether a refusal of `get_auth_info` with this errcode says that the authorization has ended. After a cancellation every
/// refusal of the code does; without one only 48004 does, since 40084 and 40001 may also mean a reset whose event was lost.
pub(super) fn says_ended(known: &Authorization, errcode: Errcode) -> bool {
    errcode == Errcode::AUTHORIZATION_INVALID
        || (known.status == AuthorizationStatus::Cancelled && errcode.confirms_end())
}

/// Whether WeCom, which says now that the authorization has ended, has said it often enough.
fn is_confirmed(known: &Authorization, now: Timestamp) -> bool {
    let is_announced = known.status == AuthorizationStatus::Cancelled;
    // An authorization that WeCom has never confirmed may be one that WeCom does not know everywhere yet.
    let was_in_force = known.read_at.is_some();
    if is_announced && was_in_force {
        return true;
    }
    let first = EndState::of(known).confirmed_at;
    (is_announced || was_in_force)
        && first.is_some_and(|first| now.since(first) >= CONFIRMATION_INTERVAL)
}

/// Whether WeCom, which confirms the authorization now, has to do so again before an end is undone.
pub(super) fn needs_second_contradiction(known: &Authorization, now: Timestamp) -> bool {
    let is_ending = known.status == AuthorizationStatus::Cancelled || known.end_held_at.is_some();
    let is_second = known
        .end_contradicted_at
        .is_some_and(|first| now.since(first) >= CONTRADICTION_INTERVAL);
    is_ending && !is_second
}
