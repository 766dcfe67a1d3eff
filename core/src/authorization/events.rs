//! What an authorization does on WeCom's events: `suite_ticket`, `change_auth`, `cancel_auth`.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::next_epoch;
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
            .filter(Column::PermanentCode.is_not_null())
            .exec(self.inner.store.database())
            .await?;
        if due.rows_affected > 0 {
            self.inner.due.notify_one();
        }
        Ok(())
    }

    /// `change_auth` (D/100965): the visibility of members is asked again at their next login, and the authorization is
    /// re-read. Returns `false` for a corp that is not known.
    pub(crate) async fn on_change_auth(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        event_time: i64,
    ) -> Result<bool> {
        let now = self.inner.store.now();
        let update = Entity::update_many()
            .col_expr(Column::ChangedAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .filter(Column::PermanentCode.is_not_null());
        let is_known = self.update(suite_id, corp_id, update).await?;
        if is_known {
            tracing::debug!(target: "wecom_login", %suite_id, %corp_id, event_time, "authorization changed");
            self.reread(suite_id, corp_id).await?;
        }
        Ok(is_known)
    }

    /// `cancel_auth` (D/100965): logins stop and all sessions of the corp are revoked, at once. Data is deleted when
    /// WeCom confirms the end. A cancellation that is older than the newest authorization only causes a re-read. Returns
    /// `false` for a corp that is not known.
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
            .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
            .filter(Column::EventTime.lte(event_time))
            .filter(Column::Status.is_in([Active, Broken, Held, Refused]));
        let cancelled = Notification::CorpCancelled(known.corp_info());
        self.update_and_notify(suite_id, corp_id, cancel, &cancelled)
            .await?;
        failpoint::reach("cancel/stopped");
        // WeCom is asked now whether this is the end, and by re-reads until it answers.
        if let Err(error) = self.reread(suite_id, corp_id).await {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not confirm a cancellation yet");
        }
        Ok(true)
    }
}
