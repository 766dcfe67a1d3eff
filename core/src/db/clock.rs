//! The database's clock: what two nodes compare, they compare by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::clock::{Clock, Timestamp};
use crate::error::Result;

/// The database's time between two questions for it. It goes on as time passes, whatever this machine's clock is set to
/// meanwhile: a lease that another node holds must not seem to lapse by that.
#[derive(Debug)]
pub(super) struct DatabaseTime {
    began: Instant,
    /// The database's time at `began`, in milliseconds.
    at_beginning: AtomicI64,
}

impl DatabaseTime {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self {
            began: Instant::now(),
            at_beginning: AtomicI64::new(clock.now().as_millis()),
        }
    }

    /// The database's time, or that of a clock that tests move.
    pub(super) fn now(&self, clock: &dyn Clock) -> Timestamp {
        if clock.is_real() {
            Timestamp::from_millis(self.at_beginning.load(Ordering::Relaxed)) + self.began.elapsed()
        } else {
            clock.now()
        }
    }

    /// Asks the database for its time. A clock that tests move stays as it is.
    pub(super) async fn measure(
        &self,
        database: &DatabaseConnection,
        clock: &dyn Clock,
    ) -> Result<()> {
        if !clock.is_real() {
            return Ok(());
        }
        let asked = Instant::now();
        let Some(theirs) = now(database).await? else {
            return Ok(());
        };
        let took = asked.elapsed();
        let passed = asked.duration_since(self.began) + took / 2;
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let at_beginning = theirs - millis(passed);
        // The answer is as exact as it was quick; what is within that changes nothing.
        if (at_beginning - self.at_beginning.load(Ordering::Relaxed)).abs() > millis(took).max(1) {
            self.at_beginning.store(at_beginning, Ordering::Relaxed);
        }
        Ok(())
    }
}

async fn now(database: &DatabaseConnection) -> Result<Option<i64>> {
    let backend = database.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS millis"
        }
        DbBackend::MySql => {
            "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 AS millis"
        }
        _ => "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS millis",
    };
    let row = database
        .query_one_raw(Statement::from_string(backend, sql))
        .await?;
    Ok(row.map(|row| row.try_get("", "millis")).transpose()?)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::clock::{Sleep, SystemClock};
    use crate::db::Store;

    /// A machine's clock that is set while we watch.
    #[derive(Debug, Default)]
    struct Set(AtomicI64);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(SystemClock.now().as_millis() + self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            SystemClock.sleep(duration)
        }

        fn is_real(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_moves_nothing() {
        let database = Store::connect("sqlite::memory:").await.unwrap();
        let clock = Set(AtomicI64::new(-3_600_000));
        let time = DatabaseTime::new(&clock);
        time.measure(&database, &clock).await.unwrap();
        let near =
            |time: Timestamp| (time.as_millis() - SystemClock.now().as_millis()).abs() < 30_000;
        for set in [60_000, 86_400_000, -86_400_000] {
            clock.0.store(set, Ordering::Relaxed);
            assert!(near(time.now(&clock)), "{set}");
            time.measure(&database, &clock).await.unwrap();
            assert!(near(time.now(&clock)), "{set}");
        }
    }
}
