//! Retries of statements and transactions that the database rolled back in favor of another transaction.

use std::error::Error as _;
use std::time::{Duration, Instant};

use sea_orm::DbErr;

use crate::db::db_error::is_serialization_failure;
use crate::error::{Error, Result};

/// How often work is attempted in all.
const MAX_ATTEMPTS: u32 = 4;
/// A transaction that fails after this time is not attempted again: the caller may come again.
const RETRY_PERIOD: Duration = Duration::from_secs(6);

/// Runs `transaction`, which begins and commits one, and runs it again if the database rolled it back. A single
/// statement outside of a transaction needs no call: `Connection` retries it.
pub(crate) async fn retry_transaction<T, F>(transaction: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let started = Instant::now();
    let is_retryable = |error: &Error| {
        let source = error.source().and_then(|source| source.downcast_ref());
        source.is_some_and(is_serialization_failure) && started.elapsed() < RETRY_PERIOD
    };
    retry(transaction, is_retryable).await
}

/// Runs a statement, and runs it again if the database rolled it back.
pub(super) async fn retry_statement<T, F>(
    statement: impl Fn() -> F,
) -> std::result::Result<T, DbErr>
where
    F: Future<Output = std::result::Result<T, DbErr>>,
{
    retry(statement, is_serialization_failure).await
}

async fn retry<T, E, F>(
    work: impl Fn() -> F,
    is_retryable: impl Fn(&E) -> bool,
) -> std::result::Result<T, E>
where
    F: Future<Output = std::result::Result<T, E>>,
{
    for _ in 1..MAX_ATTEMPTS {
        match work().await {
            Err(error) if is_retryable(&error) => {}
            result => return result,
        }
    }
    work().await
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;
    use std::sync::atomic::{AtomicU32, Ordering};

    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// An error of a database.
    #[derive(Debug)]
    struct FakeDatabaseError {
        code: &'static str,
        message: &'static str,
    }

    impl fmt::Display for FakeDatabaseError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.message)
        }
    }

    impl StdError for FakeDatabaseError {}

    impl DatabaseError for FakeDatabaseError {
        fn message(&self) -> &str {
            self.message
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.code.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    /// Returns how often a statement runs that fails with this error the first `failures` times, and whether it
    /// succeeds.
    async fn runs(code: &'static str, message: &'static str, failures: u32) -> (u32, bool) {
        let runs = AtomicU32::new(0);
        let result = retry_statement(|| async {
            if runs.fetch_add(1, Ordering::Relaxed) >= failures {
                return Ok(());
            }
            let error =
                sea_orm::sqlx::Error::Database(Box::new(FakeDatabaseError { code, message }));
            Err(DbErr::Exec(RuntimeErr::SqlxError(error.into())))
        })
        .await;
        (runs.into_inner(), result.is_ok())
    }

    #[tokio::test]
    async fn retry_statement_repeats_serialization_failures_only() {
        for code in ["40001", "40P01", "5", "517"] {
            assert_eq!(runs(code, "rolled back", 3).await, (4, true), "{code}");
        }
        assert_eq!(
            runs("HY000", "Lock wait timeout exceeded; try restarting", 1).await,
            (2, true)
        );
        assert_eq!(runs("40P01", "deadlock detected", 9).await, (4, false));
        assert_eq!(
            runs("23505", "duplicate key", 1).await,
            (1, false),
            "another error is not retried"
        );
    }
}
