//! The database's clock: what two nodes compare, they compare by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::clock::{Clock, Timestamp};
use crate::error::Result;

/// How far the database's clock is ahead of this node's, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Offset(AtomicI64);

impl Offset {
    /// This node's time, put right by the database's.
    pub(super) fn now(&self, clock: &dyn Clock) -> Timestamp {
        Timestamp::from_millis(clock.now().as_millis() + self.0.load(Ordering::Relaxed))
    }

    /// Asks the database for its time. A clock that tests move stays as it is.
    pub(super) async fn measure(&self, database: &DatabaseConnection, clock: &dyn Clock) -> Result<()> {
        if !clock.is_real() {
            return Ok(());
        }
        let (asked_at, began) = (clock.now().as_millis(), Instant::now());
        let Some(theirs) = now(database).await? else { return Ok(()) };
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let offset = theirs - (asked_at + took / 2);
        // The answer is as exact as it was quick; what is within that changes nothing.
        if (offset - self.0.load(Ordering::Relaxed)).abs() > took.max(1) {
            self.0.store(offset, Ordering::Relaxed);
        }
        Ok(())
    }
}

async fn now(database: &DatabaseConnection) -> Result<Option<i64>> {
    let backend = database.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS millis",
        DbBackend::MySql => {
            "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 AS millis"
        }
        _ => "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS millis",
    };
    let row = database.query_one_raw(Statement::from_string(backend, sql)).await?;
    Ok(row.map(|row| row.try_get("", "millis")).transpose()?)
}
