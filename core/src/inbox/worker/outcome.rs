//! What becomes of a record that was worked on: finished, tried again while that can help, or given up with a hint.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::clock::Timestamp;
use crate::db::Sealed;
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::RecordStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::record;
use crate::inbox::worker::Worker;
use crate::tokens::suite_ticket;
use crate::wecom::Errcode;

/// The event that only makes us read.
const CHANGE_AUTH: &str = "change_auth";
/// The first wait after a failure; it doubles up to the longest.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(10);
/// With an AuthCode there are ten minutes in all.
const MAX_AUTH_CODE_BACKOFF: Duration = Duration::from_secs(30);
/// Events without a deadline of their own are given up after this …
const RETRY_WINDOW: Duration = Duration::from_hours(24);
/// … but one that ends sessions not before it was tried as often as that allows: the service itself may have been away.
const MIN_REVOCATION_ATTEMPTS: i32 = 150;
/// An earlier holder of the lease may have the permanent code in hand and store it within this.
const SPENT_CODE_GRACE: Duration = Duration::from_mins(1);

const SPENT_HINT: &str = "the AuthCode is spent and its answer is not here: press 重新获取secret in the provider console";
const TICKET_HINT: &str =
    "waits for a suite_ticket: WeCom pushes one every ten minutes, the provider console at once";
pub(super) const TOO_LATE_HINT: &str =
    "the AuthCode is older than ten minutes: press 重新获取secret in the provider console";

impl Worker {
    /// Whether and when a failed record is tried again, and what helps.
    pub(super) async fn next_state(
        &self,
        row: &Model,
        error: &Error,
    ) -> (RecordStatus, Option<Timestamp>, Option<&'static str>) {
        let now = self.0.store.now();
        // Once exchanged, what is left has nothing to do with the AuthCode.
        let stored = Entity::find_by_id(row.id)
            .one(self.0.store.database())
            .await
            .ok()
            .flatten();
        let deadline = row
            .deadline
            .filter(|_| !stored.is_some_and(|stored| stored.one_time_step_done));
        let errcode = error.errcode().map(Errcode::new);
        if errcode.is_some_and(Errcode::is_auth_code_invalid) {
            let another_may_have_it = row.attempts > 1 && row.errcode != error.errcode();
            return if another_may_have_it {
                (
                    RecordStatus::Waiting,
                    Some(now + SPENT_CODE_GRACE),
                    Some(SPENT_HINT),
                )
            } else {
                (RecordStatus::Failed, None, Some(SPENT_HINT))
            };
        }
        let longest = if deadline.is_some() {
            MAX_AUTH_CODE_BACKOFF
        } else {
            MAX_BACKOFF
        };
        let doublings = u32::try_from(row.attempts.clamp(1, 16) - 1).unwrap_or(0);
        let due_at = now + MIN_BACKOFF.saturating_mul(1 << doublings).min(longest);
        let until = deadline.unwrap_or(row.received_at + RETRY_WINDOW);
        let is_end = matches!(
            row.event.as_str(),
            "cancel_auth" | "change_contact" | "unsubscribe"
        );
        let hint = match error.kind() {
            ErrorKind::SuiteTicketMissing => Some(TICKET_HINT),
            _ => errcode.and_then(Errcode::hint),
        };
        // What waits for an earlier event was not tried itself.
        let waits = error.kind() == ErrorKind::RecordBusy;
        if due_at < until || waits || (is_end && row.attempts < MIN_REVOCATION_ATTEMPTS) {
            (RecordStatus::Waiting, Some(due_at), hint)
        } else {
            (
                RecordStatus::Failed,
                None,
                if deadline.is_some() {
                    Some(TOO_LATE_HINT)
                } else {
                    hint
                },
            )
        }
    }

    pub(super) async fn finish(
        &self,
        row: &Model,
        status: RecordStatus,
        due_at: Option<Timestamp>,
        error: Option<(&Error, Option<&'static str>)>,
    ) -> Result<()> {
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .col_expr(
                Column::LastError,
                Expr::value(error.map(|(error, _)| error.to_string())),
            )
            .col_expr(
                Column::Errcode,
                Expr::value(error.and_then(|(error, _)| error.errcode())),
            )
            .col_expr(Column::Hint, Expr::value(error.and_then(|(_, hint)| hint)));
        if let Some(due_at) = due_at {
            update = update.col_expr(Column::DueAt, Expr::value(due_at));
        }
        if matches!(status, RecordStatus::Succeeded | RecordStatus::Ignored) {
            update = update.col_expr(Column::Payload, Expr::value(None::<Sealed>));
        }
        if status == RecordStatus::Failed {
            // One whose code was stored meanwhile has not failed.
            update = update.filter(Column::OneTimeStepDone.eq(row.one_time_step_done));
        }
        let rereads = row.event == CHANGE_AUTH;
        if rereads && status == RecordStatus::Succeeded {
            // The same event came again while we read: what changed then, we have not seen.
            update = update.filter(Column::Duplicates.eq(row.duplicates));
        }
        let finished = update
            .filter(Column::Id.eq(row.id))
            .filter(Column::LeaseOwner.eq(self.0.node.clone()))
            .exec(self.0.store.database())
            .await?
            .rows_affected
            > 0;
        match status {
            // Still ours, but not finished as it was begun: it is worked on once more.
            _ if !finished => self.release(row).await?,
            RecordStatus::Failed => {
                self.0.inbox.invalidate(&row.hash);
                let (record_id, event) = (row.id, &row.event);
                tracing::error!(target: "wecom_login", record_id, event, error = ?error, "a callback record failed");
            }
            RecordStatus::Succeeded | RecordStatus::Ignored if !rereads => {
                self.0.inbox.cache_settled(&row.hash, row.id)
            }
            _ => {}
        }
        if error.is_some_and(|(error, _)| error.kind() == ErrorKind::SuiteTicketMissing)
            && suite_ticket::latest(&self.0.store, &self.0.handlers.keys, &row.suite_id)
                .await
                .is_ok()
        {
            // It came while we found none.
            record::wake_waiting(&self.0.store, &row.suite_id).await?;
        }
        Ok(())
    }

    /// Any node may take the record at once, if it is still ours.
    pub(super) async fn release(&self, row: &Model) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Waiting))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .col_expr(Column::DueAt, Expr::value(self.0.store.now()))
            .filter(Column::Id.eq(row.id))
            .filter(Column::Status.eq(RecordStatus::Running))
            .filter(Column::LeaseOwner.eq(self.0.node.clone()))
            .exec(self.0.store.database())
            .await?;
        Ok(())
    }
}
