//! The end of an attempt, written into the record.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::RecordStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::lane::{Lane, event_label};
use crate::inbox::record;
use crate::inbox::worker::Worker;
use crate::inbox::worker::next_state::{NextState, TICKET_HINT};
use crate::metrics;
use crate::tokens::suite_ticket;

/// The event that is an idempotent re-read.
const CHANGE_AUTH: &str = "change_auth";

impl Worker {
    /// Writes how an attempt ended, if this node still holds the lease. `may_be_spent` says that the attempt sent an
    /// AuthCode and that WeCom's answer to it is not known to be a refusal.
    pub(super) async fn finish(
        &self,
        row: &Model,
        next: NextState,
        error: Option<&Error>,
        may_be_spent: bool,
    ) -> Result<()> {
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(next.status))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .col_expr(Column::LastError, Expr::value(error.map(Error::to_string)))
            .col_expr(Column::Errcode, Expr::value(error.and_then(Error::errcode)))
            .col_expr(Column::Hint, Expr::value(next.hint));
        if let Some(due_at) = next.due_at {
            update = update.col_expr(Column::DueAt, Expr::value(due_at));
        }
        if !may_be_spent {
            let unspent = Expr::col(Column::UnspentAttempts).add(1);
            update = update.col_expr(Column::UnspentAttempts, unspent);
        }
        if next.status == RecordStatus::Succeeded
            && Lane::of(&row.event) == Lane::AuthCode
            && let Err(error) = self.settle_superseded_by(row).await
        {
            tracing::info!(target: "wecom_login", ?error, "could not settle superseded callback records");
        }
        let is_settled = matches!(next.status, RecordStatus::Succeeded | RecordStatus::Ignored);
        if is_settled {
            update = update.col_expr(Column::Payload, Expr::value(None::<Sealed>));
        }
        if next.status == RecordStatus::Failed {
            // A record whose permanent code was stored meanwhile has not failed.
            update = update.filter(Column::OneTimeStepDone.eq(row.one_time_step_done));
        }
        let is_reread = row.event == CHANGE_AUTH;
        if is_reread && next.status == RecordStatus::Succeeded {
            // An event that was redelivered during the re-read may be about a later change.
            update = update.filter(Column::Duplicates.eq(row.duplicates));
        }
        let finished = update
            .filter(Column::Id.eq(row.id))
            .filter(Column::LeaseOwner.eq(self.inner.node.clone()))
            .exec(self.inner.store.database())
            .await?;
        if finished.rows_affected != 0 {
            self.measure(row, next.status);
        }
        if finished.rows_affected == 0 {
            // If this node still holds the record, it is worked on once more.
            self.release(row).await?;
        } else if next.status == RecordStatus::Failed {
            self.inner.inbox.invalidate(&row.hash);
            let (record_id, event) = (row.id, &row.event);
            if self.settle_if_superseded(row).await? {
                tracing::info!(target: "wecom_login", record_id, event, "a callback record was superseded");
            } else {
                tracing::error!(target: "wecom_login", record_id, event, ?error, "a callback record failed");
            }
        } else if is_settled && !is_reread {
            self.inner.inbox.cache_settled(&row.hash, row.id);
        }
        if error.is_some_and(|error| error.kind() == ErrorKind::SuiteTicketMissing) {
            if row.hint.as_deref() != Some(TICKET_HINT) {
                let (record_id, event, suite_id) = (row.id, &row.event, &row.suite_id);
                tracing::warn!(
                    target: "wecom_login", record_id, event, %suite_id, hint = TICKET_HINT,
                    "a callback record waits for a suite_ticket; an AuthCode is valid for ten minutes"
                );
            }
            self.wake_if_ticket_arrived(row).await?;
        }
        Ok(())
    }

    fn measure(&self, row: &Model, status: RecordStatus) {
        let outcome = match status {
            RecordStatus::Succeeded => "succeeded",
            RecordStatus::Ignored => "ignored",
            RecordStatus::Failed => "failed",
            RecordStatus::Waiting | RecordStatus::Running => "postponed",
        };
        metrics::callback_attempted(event_label(&row.event), outcome);
        if outcome != "postponed" {
            let lag = self.inner.store.now().since(row.received_at);
            metrics::callback_settled(Lane::of(&row.event).as_str(), lag);
        }
    }

    /// A ticket may have arrived between the attempt that found none and the end of it.
    async fn wake_if_ticket_arrived(&self, row: &Model) -> Result<()> {
        let (store, keys) = (&self.inner.store, &self.inner.handlers.keys);
        if suite_ticket::latest(store, keys, &row.suite_id)
            .await
            .is_ok()
        {
            record::wake_waiting(store, &row.suite_id).await?;
            self.inner.waker.wake(Lane::AuthCode);
        }
        Ok(())
    }

    /// Makes the record due for any node, if this node still holds it.
    pub(super) async fn release(&self, row: &Model) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Waiting))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .col_expr(Column::DueAt, Expr::value(self.inner.store.now()))
            .filter(Column::Id.eq(row.id))
            .filter(Column::Status.eq(RecordStatus::Running))
            .filter(Column::LeaseOwner.eq(self.inner.node.clone()))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}
