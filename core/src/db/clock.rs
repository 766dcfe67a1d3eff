//! The database's clock, by which nodes compare times.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::clock::{Clock, Timestamp};
use crate::error::Result;

/// The database's time as of the last [`sync`](Self::sync), advanced by a monotonic clock: a change of this machine's
/// clock must not make another node's lease look expired.
#[derive(Debug)]
pub(super) struct DbClock {
    started: Instant,
    /// The database's time at `started`, in milliseconds.
    millis_at_start: AtomicI64,
}

impl DbClock {
    /// A clock that shows this machine's time until it is synchronized.
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self {
            started: Instant::now(),
            millis_at_start: AtomicI64::new(clock.now().as_millis()),
        }
    }

    /// Returns the database's time, or that of a clock that tests move.
    pub(super) fn now(&self, clock: &dyn Clock) -> Timestamp {
        if clock.is_real() {
            Timestamp::from_millis(self.millis_at_start.load(Ordering::Relaxed))
                + self.started.elapsed()
        } else {
            clock.now()
        }
    }

    /// How far this machine's clock is ahead of the database's, in milliseconds; 0 with a clock that tests move.
    pub(super) async fn lead_millis(
        &self,
        database: &impl ConnectionTrait,
        clock: &dyn Clock,
    ) -> Result<i64> {
        if !clock.is_real() {
            return Ok(0);
        }
        let sent = Instant::now();
        let theirs = read_millis(database).await?;
        let half = i64::try_from(sent.elapsed().as_millis() / 2).unwrap_or(0);
        Ok(theirs.map_or(0, |theirs| clock.now().as_millis() - half - theirs))
    }

    /// Reads the database's time. With a clock that tests move this does nothing.
    pub(super) async fn sync(
        &self,
        database: &impl ConnectionTrait,
        clock: &dyn Clock,
    ) -> Result<()> {
        if !clock.is_real() {
            return Ok(());
        }
        let sent = Instant::now();
        let Some(database_millis) = read_millis(database).await? else {
            return Ok(());
        };
        let round_trip = sent.elapsed();
        let elapsed = sent.duration_since(self.started) + round_trip / 2;
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let millis_at_start = database_millis - millis(elapsed);
        let change = millis_at_start - self.millis_at_start.load(Ordering::Relaxed);
        // The error of one reading is up to the round trip; a smaller change is noise.
        if change.abs() > millis(round_trip).max(1) {
            self.millis_at_start
                .store(millis_at_start, Ordering::Relaxed);
        }
        Ok(())
    }
}

async fn read_millis(database: &impl ConnectionTrait) -> Result<Option<i64>> {
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
    use crate::db::Pool;

    /// The machine's clock, wrong by a number of milliseconds that the test sets.
    #[derive(Debug, Default)]
    struct SkewedClock {
        skew_millis: AtomicI64,
    }

    impl Clock for SkewedClock {
        fn now(&self) -> Timestamp {
            let skew = self.skew_millis.load(Ordering::Relaxed);
            Timestamp::from_millis(SystemClock.now().as_millis() + skew)
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            SystemClock.sleep(duration)
        }

        fn is_real(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn db_clock_ignores_changes_of_the_machine_clock() {
        let pool = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = SkewedClock {
            skew_millis: AtomicI64::new(-3_600_000),
        };
        let db_clock = DbClock::new(&clock);
        db_clock.sync(&pool, &clock).await.unwrap();
        let is_right =
            |time: Timestamp| (time.as_millis() - SystemClock.now().as_millis()).abs() < 30_000;
        for skew in [60_000, 86_400_000, -86_400_000] {
            clock.skew_millis.store(skew, Ordering::Relaxed);
            assert!(is_right(db_clock.now(&clock)), "{skew}");
            db_clock.sync(&pool, &clock).await.unwrap();
            assert!(is_right(db_clock.now(&clock)), "{skew}");
        }
    }
}
