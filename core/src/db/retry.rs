//! Work that gave way to another transaction is done again.

use std::error::Error as _;
use std::time::{Duration, Instant};

use sea_orm::DbErr;

use crate::error::{Error, Result};

/// How often work is tried in all.
pub(super) const ATTEMPTS: u32 = 4;
/// Work that gave way after waiting for so long is not begun again: whoever wants it can come again.
const BEGUN_WITHIN: Duration = Duration::from_secs(6);

/// Does `work`, which begins a transaction of its own, and does it again if the database rolled it back in favour of
/// another one: a deadlock, a serialisation failure, a lock that was not free in time. A single statement outside of a
/// transaction needs none of this: the connection sees to it.
pub(crate) async fn retry_transaction<T, F: Future<Output = Result<T>>>(
    work: impl Fn() -> F,
) -> Result<T> {
    let began = Instant::now();
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if gave_way(&error) && began.elapsed() < BEGUN_WITHIN => {}
            done => return done,
        }
    }
    work().await
}

fn gave_way(error: &Error) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<DbErr>())
        .is_some_and(was_rolled_back)
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(super) fn was_rolled_back(error: &DbErr) -> bool {
    use sea_orm::RuntimeErr::SqlxError;
    let (DbErr::Exec(SqlxError(cause)) | DbErr::Query(SqlxError(cause))) = error else {
        return false;
    };
    let Some(database) = cause.as_database_error() else {
        return false;
    };
    match database.code().as_deref() {
        // The standard's serialisation failure (MySQL's 1213 too), PostgreSQL's deadlock, SQLite's BUSY and its kin.
        Some("40001" | "40P01" | "5" | "261" | "517") => true,
        // MySQL's 1205 shares its state with much else.
        _ => database.message().starts_with("Lock wait timeout exceeded"),
    }
}

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
pub(super) const fn was_rolled_back(_: &DbErr) -> bool {
    false
}
