//! What an authorization does on WeCom's events: `suite_ticket`, `change_auth`, `cancel_auth`.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::audit::Actor;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{next_epoch, sessions_ended};
use crate::clock::Timestamp;
use crate::db::CorpColumns as _;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::failpoint;
use crate::hooks::Notification;

impl Authorizations {
    /// `suite_ticket`: WeCom can be called again, so corps without an agentId are due to be re-read.
    pub(crate) async fn on_suite_ticket(&self, suite_id: &SuiteId) -> Result<()> {
        let due = Entity::update_many()
            .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
            .filter(Column::SuiteId.eq(suite_id.clone()))
            .filter(Column::AgentId.is_null())
            // Those that failed for another reason wait their time.
            .filter(
                Column::ReadFailures
                    .is_null()
                    .or(Column::ReadFailures.eq(0)),
            )
            .filter(Column::PermanentCode.is_not_null())
            .exec(self.inner.store.database())
            .await?;
        if due.rows_affected > 0 {
            self.inner.due.notify_one();
        }
        Ok(())
    }

    /// `change_auth` (D/100965): the visibility of members is asked again at their next login, that of members with live
    /// sessions soon, and the authorization is due to be re-read. Nothing waits for WeCom here. Returns `false` for a corp
    /// that is not known.
    pub(crate) async fn on_change_auth(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        event_time: i64,
    ) -> Result<bool> {
        let now = self.inner.store.now();
        let update = Entity::update_many()
            .col_expr(Column::ChangedAt, later_than_stored(now))
            .col_expr(Column::VisibilityDueAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .col_expr(Column::ReadFailures, Expr::value(0))
            // The corp may have switched the app on again.
            .col_expr(Column::RejectedVersion, Expr::value(None::<i64>))
            .filter(Column::PermanentCode.is_not_null());
        let is_known = self.update(suite_id, corp_id, update).await?;
        if is_known {
            self.inner.visibility_due.notify_one();
            tracing::debug!(target: "wecom_login", %suite_id, %corp_id, event_time, "authorization changed");
            self.inner.due.notify_one();
        }
        Ok(is_known)
    }

    /// `cancel_auth` (D/100965): logins stop and all sessions of the corp are revoked, at once. Data is deleted when
    /// WeCom confirms the end; two contrary answers undo it. A cancellation that is older than the newest authorization only
    /// causes a re-read. Returns `false` for a corp that is not known.
    pub(crate) async fn on_cancel_auth(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        event_time: i64,
    ) -> Result<bool> {
        use AuthorizationStatus::{Active, Broken, Cancelled, Held, Refused};
        let database = self.inner.store.database();
        let Some(known) = self.read_row(database, suite_id, corp_id).await? else {
            return Ok(false);
        };
        let cancel = Entity::update_many()
            .col_expr(Column::Status, Expr::value(Cancelled))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::EventTime, Expr::value(event_time))
            .col_expr(Column::EndConfirmedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndContradictedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndHeldAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
            .filter(Column::EventTime.lte(event_time))
            .filter(Column::Status.is_in([Active, Broken, Held, Refused]));
        let cancelled = Notification::CorpCancelled(known.corp_info());
        let entry = sessions_ended(Actor::WeCom, suite_id, corp_id).with_detail("cancel_auth");
        let is_cancelled_now = self
            .update_and_notify(suite_id, corp_id, cancel, &cancelled, Some(&entry))
            .await?;
        failpoint::reach("cancel/stopped");
        // Re-reads ask WeCom whether this is the end. Nothing waits for WeCom here.
        if !is_cancelled_now {
            let due = Entity::update_many()
                .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
                .filter(Entity::of_corp(suite_id, corp_id))
                .filter(Column::PermanentCode.is_not_null());
            due.exec(database).await?;
        }
        self.inner.due.notify_one();
        Ok(true)
    }
}

/// A time of change that differs from the stored one, so that a re-read which began before this change is seen to be
/// older: two changes may arrive in one millisecond.
fn later_than_stored(now: Timestamp) -> Expr {
    let stored = Expr::col(Column::ChangedAt);
    Expr::case(stored.clone().eq(now), stored.add(1))
        .finally(Expr::value(now))
        .into()
}
