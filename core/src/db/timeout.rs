//! Time limits of statements.

use std::time::Duration;

use sea_orm::{ConnAcquireErr, DbErr};

use crate::db::wait_tracker::track;

/// How long a statement may take with its waits for the write queue and for a connection. Under load these are seconds;
/// a login may take longer than this.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long the database may take to answer. Longer than SQLite waits for a lock, so a later answer means that the
/// server hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

/// Fails with `late` if `work` is not done within `limit`.
pub(super) async fn with_timeout<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, DbErr>>,
    late: impl FnOnce() -> DbErr,
) -> Result<T, DbErr> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}

/// Waits for the database's answer for [`ANSWER_TIMEOUT`] at most.
pub(super) async fn with_answer_timeout<T>(
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    track(with_timeout(ANSWER_TIMEOUT, work, no_answer)).await
}

/// The error of a database that did not answer in time.
pub(super) fn no_answer() -> DbErr {
    DbErr::Custom("the database did not answer in time".to_owned())
}

/// The error of a statement that got no connection, or no turn to write, in time.
pub(super) fn acquire_timed_out() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}
