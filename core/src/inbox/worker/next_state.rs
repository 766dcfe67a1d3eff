//! The decision about a record after an attempt: settled, retried while that can help, or failed with a hint.

use std::time::Duration;

use sea_orm::EntityTrait as _;

use crate::clock::Timestamp;
use crate::db::entity::callback_record::{Entity, Model};
use crate::domain::RecordStatus;
use crate::error::{Error, ErrorKind};
use crate::inbox::worker::Worker;
use crate::wecom::{CallError, EXCHANGE_TIMEOUT, Errcode};

/// The first wait after a failure. It doubles up to the maximum.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait of all.
pub(super) const MAX_BACKOFF: Duration = Duration::from_mins(10);
/// The maximum for a record with an AuthCode, which is valid for ten minutes.
const MAX_AUTH_CODE_BACKOFF: Duration = Duration::from_secs(30);
/// How long a record without a deadline is retried.
const RETRY_WINDOW: Duration = Duration::from_hours(24);
/// An event that revokes sessions is attempted at least so often, even after the retry window: the service itself may
/// have been down.
const MIN_REVOCATION_ATTEMPTS: i32 = 150;
/// How long an earlier holder of the lease may take to get the answer to a used AuthCode, and to store it.
const SPENT_CODE_GRACE: Duration = EXCHANGE_TIMEOUT.saturating_add(Duration::from_secs(30));

const SPENT_HINT: &str = "The AuthCode is spent and WeCom's answer to it is lost. \
    Press 重新获取secret in the provider console.";
const REFUSED_HINT: &str = "WeCom refuses the AuthCode, which this service had not sent before: it was sent by another \
    service, or a newer authorization or a cancellation has ended it. Press 重新获取secret in the provider console \
    unless the corp has authorized again.";
pub(super) const TICKET_HINT: &str = "Waiting for a suite_ticket. WeCom pushes one every ten minutes, \
    and at once when asked in the provider console.";
const UNKNOWN_CORP_HINT: &str = "No authorization bears the corp's id. If the corp is known by another one, an \
    administrator can say so, or providerCorpId and providerSecret let WeCom be asked.";
const EXPIRED_HINT: &str =
    "The AuthCode is older than ten minutes. Press 重新获取secret in the provider console.";

const EXPIRED_BY_SECRET_HINT: &str = "WeCom rejects the suite secret, and the AuthCode expired meanwhile. Correct suiteSecret \
    in the instance's configuration, restart, then press 重新获取secret in the provider console.";

/// What becomes of a record after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NextState {
    pub(super) status: RecordStatus,
    /// When the record is attempted next; `None` leaves the column as it is.
    pub(super) due_at: Option<Timestamp>,
    pub(super) hint: Option<&'static str>,
}

impl NextState {
    /// The attempt succeeded.
    pub(super) const fn settled(status: RecordStatus) -> Self {
        Self {
            status,
            due_at: None,
            hint: None,
        }
    }

    /// The AuthCode expired. `errcode` is what WeCom said at the last attempt: before the code is sent, 40001 is about the
    /// suite secret.
    pub(super) fn expired(errcode: Option<i64>) -> Self {
        let is_secret_invalid = errcode
            .map(Errcode::new)
            .is_some_and(Errcode::is_secret_invalid);
        Self::failed(Some(if is_secret_invalid {
            EXPIRED_BY_SECRET_HINT
        } else {
            EXPIRED_HINT
        }))
    }

    const fn failed(hint: Option<&'static str>) -> Self {
        Self {
            status: RecordStatus::Failed,
            due_at: None,
            hint,
        }
    }

    const fn waiting(due_at: Timestamp, hint: Option<&'static str>) -> Self {
        Self {
            status: RecordStatus::Waiting,
            due_at: Some(due_at),
            hint,
        }
    }

    /// No authorization bears the corp's id yet.
    pub(super) fn corp_unknown(row: &Model, now: Timestamp) -> Self {
        let due_at = now + backoff(row.attempts).min(MAX_BACKOFF);
        Self::waiting(due_at, Some(UNKNOWN_CORP_HINT))
    }

    /// Decides after a failed attempt. `deadline` is when the record's AuthCode expires.
    fn after_failure(
        row: &Model,
        error: &Error,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let errcode = error.errcode().map(Errcode::new);
        if errcode.is_some_and(Errcode::is_auth_code_invalid) {
            let may_be_stored_yet = !was_never_sent(row) && row.errcode != error.errcode();
            return if may_be_stored_yet {
                Self::waiting(now + SPENT_CODE_GRACE, Some(SPENT_HINT))
            } else if was_never_sent(row) {
                Self::failed(Some(REFUSED_HINT))
            } else {
                Self::failed(Some(SPENT_HINT))
            };
        }
        let max_backoff = match deadline {
            Some(_) => MAX_AUTH_CODE_BACKOFF,
            None => MAX_BACKOFF,
        };
        let due_at = now + backoff(row.attempts).min(max_backoff);
        let give_up_at = deadline.unwrap_or(row.received_at + RETRY_WINDOW);
        let is_revocation = matches!(
            row.event.as_str(),
            "cancel_auth" | "change_contact" | "unsubscribe"
        );
        let hint = match error.kind() {
            ErrorKind::SuiteTicketMissing => Some(TICKET_HINT),
            _ => CallError::cause_of(error).and_then(|error| error.hint()),
        };
        // A record that waits for an earlier event was not attempted itself.
        let is_blocked = error.kind() == ErrorKind::RecordBusy;
        if due_at < give_up_at
            || is_blocked
            || (is_revocation && row.attempts < MIN_REVOCATION_ATTEMPTS)
        {
            Self::waiting(due_at, hint)
        } else if deadline.is_some() {
            Self::expired(error.errcode())
        } else {
            Self::failed(hint)
        }
    }
}

/// The wait after this many attempts, before the maximum is applied.
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    MIN_BACKOFF.saturating_mul(1 << doublings)
}

/// Whether no attempt before this one can have spent the record's AuthCode. An attempt whose end is not recorded, by a
/// node that died or has an older version, can have.
pub(super) const fn was_never_sent(row: &Model) -> bool {
    row.unspent_attempts >= row.attempts - 1
}

impl Worker {
    /// Whether and when a record is retried after this error.
    pub(super) async fn next_state(&self, row: &Model, error: &Error) -> NextState {
        // After the exchange the rest does not depend on the AuthCode.
        let stored = Entity::find_by_id(row.id)
            .one(self.inner.store.database())
            .await
            .ok()
            .flatten();
        let deadline = row
            .deadline
            .filter(|_| !stored.is_some_and(|stored| stored.one_time_step_done));
        NextState::after_failure(row, error, deadline, self.inner.store.now())
    }
}
