//! Errors of the database: which of them are retried or expected, and how they become an [`Error`].

use std::time::Duration;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use sea_orm::RuntimeErr;
use sea_orm::{DbErr, SqlErr};

use crate::db::pooler::POOLER_HINT;
use crate::error::{Error, ErrorKind};

/// The `Retry-After` of a database error.
pub(crate) const DATABASE_RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_statement_lost(&error) {
            return Self::new(ErrorKind::Config, POOLER_HINT).with_source(error);
        }
        Self::new(ErrorKind::StoreUnavailable, "database operation failed")
            .with_retry_after(DATABASE_RETRY_AFTER)
            .with_source(error)
    }
}

/// Tells whether an insert or update failed because a row with its unique key exists.
pub(crate) fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Tells whether the database rolled the work back in favor of another transaction: a serialization failure, a
/// deadlock, or a lock that was not released in time.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(super) fn is_serialization_failure(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return false;
    };
    let Some(database) = cause.as_database_error() else {
        return false;
    };
    match database.code().as_deref() {
        // SQLSTATE serialization_failure (MySQL's 1213 has it too), PostgreSQL's deadlock_detected, SQLite's BUSY,
        // BUSY_RECOVERY and BUSY_SNAPSHOT.
        Some("40001" | "40P01" | "5" | "261" | "517") => true,
        // MySQL's 1205 has the SQLSTATE of many other errors.
        _ => database.message().starts_with("Lock wait timeout exceeded"),
    }
}

/// Without a driver there is no error to recognize.
#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
pub(super) const fn is_serialization_failure(_: &DbErr) -> bool {
    false
}

/// Tells whether a prepared statement was not there, or another one of its name was: a pooler in transaction mode hands a
/// client's statements to whichever server connection is free.
fn is_statement_lost(error: &DbErr) -> bool {
    #[cfg(feature = "postgres")]
    if let DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error)) = error
    {
        let code = error.as_database_error().and_then(|error| error.code());
        // SQLSTATE duplicate_prepared_statement and invalid_sql_statement_name.
        return matches!(code.as_deref(), Some("42P05" | "26000"));
    }
    let _ = error;
    false
}

/// Tells whether a SQLite file could not be opened because another process has it locked.
pub(super) fn is_sqlite_busy(error: &DbErr) -> bool {
    #[cfg(feature = "sqlite")]
    if let DbErr::Conn(RuntimeErr::SqlxError(error)) = error {
        let code = error.as_database_error().and_then(|error| error.code());
        // SQLITE_BUSY and SQLITE_BUSY_RECOVERY.
        return matches!(code.as_deref(), Some("5" | "261"));
    }
    let _ = error;
    false
}
