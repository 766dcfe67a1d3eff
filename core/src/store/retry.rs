//! Work that gave way to another transaction is done again.

use std::error::Error as _;

use sea_orm::DbErr;

use crate::error::{Error, Result};

/// How often work is tried in all.
const ATTEMPTS: u32 = 4;

/// Does `work`, which begins a transaction of its own, and does it again if the database rolled it back in favour of
/// another one: a deadlock, a serialisation failure, a lock that was not free in time.
pub(crate) async fn retried<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if gave_way(&error) => {}
            done => return done,
        }
    }
    work().await
}

fn gave_way(error: &Error) -> bool {
    error.source().and_then(|source| source.downcast_ref::<DbErr>()).is_some_and(was_rolled_back)
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
fn was_rolled_back(error: &DbErr) -> bool {
    use sea_orm::RuntimeErr::SqlxError;
    let (DbErr::Exec(SqlxError(cause)) | DbErr::Query(SqlxError(cause))) = error else { return false };
    let Some(database) = cause.as_database_error() else { return false };
    match database.code().as_deref() {
        // The standard's serialisation failure (MySQL's 1213 too), PostgreSQL's deadlock, the kin of SQLite's BUSY. A
        // plain BUSY has waited its five seconds already.
        Some("40001" | "40P01" | "261" | "517") => true,
        // MySQL's 1205 shares its state with much else.
        _ => database.message().starts_with("Lock wait timeout exceeded"),
    }
}

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
const fn was_rolled_back(_: &DbErr) -> bool {
    false
}
