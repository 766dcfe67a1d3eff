//! What is kept, and where: the tables, their migrations, and the encryption of what is secret in them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait as _,
};

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};

mod bulkhead;
mod clock;
mod columns;
mod connection;
pub(crate) mod counter;
mod cursor;
mod db_error;
mod delete;
pub(crate) mod entity;
mod key_columns;
mod migration;
mod retry;
mod row_lease;
mod sealed;
mod wait_tracker;
mod write_queue;

pub(crate) use bulkhead::ConnectionClass;
use clock::DatabaseTime;
pub(crate) use connection::{Connection, Transaction};
pub(crate) use cursor::Cursor;
pub(crate) use db_error::is_unique_violation;
pub(crate) use delete::delete_in_batches;
pub(crate) use key_columns::{CorpColumns, PrincipalColumns};
#[cfg(feature = "failpoints")]
pub use migration::first_steps;
pub(crate) use retry::retry_transaction;
pub(crate) use row_lease::RowLease;
pub(crate) use sealed::Sealed;
pub(crate) use wait_tracker::DbWaitTracker;

/// How long one statement waits for SQLite's one writer.
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite's number for `synchronous=FULL`.
const FULL: i64 = 2;

/// When a caller may come again that the database failed.
pub(crate) const DATABASE_RETRY_AFTER: Duration = Duration::from_secs(1);
/// How many connections a pool of ours has.
const CONNECTIONS: u32 = 16;
/// Between two attempts to open a file that another process has to itself.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// How long one waits for a connection.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// The database, the keys of what is sealed in it, and the clock that its times follow.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>, ConnectionClass);

struct Inner {
    shares: [Connection; 6],
    clock: Arc<dyn Clock>,
    time: DatabaseTime,
}

impl Store {
    /// Connects by URL: our own pool, without statement logging, since statements hold people's data.
    pub(crate) async fn connect(url: &str) -> Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(url);
        options
            .sqlx_logging(false)
            .acquire_timeout(CONNECTED_WITHIN)
            .max_connections(CONNECTIONS);
        // Connections do not end by their age. The task by which sqlx 0.9.0 sees to that can read a counter that has just
        // gone below zero: it then spins for ever, and no shutdown ends it. They end when they come back old.
        options
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>);
        #[cfg(feature = "sqlite")]
        options.map_sqlx_sqlite_opts(|sqlite| {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            // FULL: an event that was answered `success` survives a power cut.
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
        });
        #[cfg(feature = "postgres")]
        options.map_sqlx_postgres_pool_opts(|pool| {
            pool.after_release(|connection, of| {
                Box::pin(connection::is_used_again(connection, of.age))
            })
        });
        #[cfg(feature = "mysql")]
        options.map_sqlx_mysql_pool_opts(|pool| {
            pool.after_release(|connection, of| {
                Box::pin(connection::is_used_again(connection, of.age))
            })
        });
        if url.contains(":memory:") || url.contains("mode=memory") {
            // Each connection to a memory database would see one of its own.
            options.max_connections(1).min_connections(1);
        }
        let began = Instant::now();
        let connected = loop {
            match Database::connect(options.clone()).await {
                // Who makes a new file a WAL needs it alone, and SQLite does not wait for that.
                Err(error) if is_busy(&error) && began.elapsed() < CONNECTED_WITHIN => {
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                connected => break connected,
            }
        };
        connected.map_err(|error| {
            // The URL holds a password, and sqlx may quote it.
            Error::new(ErrorKind::StoreUnavailable, "the database cannot be opened")
                .with_source(without_url(&error))
        })
    }

    /// Brings the tables up to date and checks that this node has the keys they were written with.
    pub(crate) async fn open(
        database: DatabaseConnection,
        clock: Arc<dyn Clock>,
        migrate: bool,
    ) -> Result<Self> {
        strict(&database).await?;
        warn_of_haste(&database).await?;
        if migrate {
            migration::up(&database).await?;
        } else {
            migration::expect_none(&database).await?;
        }
        counter::prepare(&database).await?;
        let time = DatabaseTime::new(&*clock);
        time.measure(&database, &*clock).await?;
        let shares = Connection::shares(&database);
        Ok(Self(
            Arc::new(Inner {
                shares,
                clock,
                time,
            }),
            ConnectionClass::Default,
        ))
    }

    /// The same store for this kind of its users.
    pub(crate) fn with_class(&self, class: ConnectionClass) -> Self {
        Self(Arc::clone(&self.0), class)
    }

    pub(crate) fn database(&self) -> &Connection {
        &self.0.shares[self.1 as usize]
    }

    /// The time by which rows are compared: the database's.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.time.now(&*self.0.clock)
    }

    /// Asks the database for its time, from which this node's may drift.
    pub(crate) async fn sync_clock(&self) -> Result<()> {
        self.0
            .time
            .measure(self.database().pool(), &*self.0.clock)
            .await
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// A transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        Ok(self.database().begin().await?)
    }

    /// For a statement that stores what cannot be had again: it goes before all others.
    pub(crate) fn critical(&self) -> &Connection {
        &self.0.shares[ConnectionClass::Critical as usize]
    }

    /// For a short statement that keeps this node in time with the others, whatever rush there is.
    pub(crate) fn heartbeat(&self) -> &Connection {
        &self.0.shares[ConnectionClass::Heartbeat as usize]
    }
}

pub(crate) async fn begin(database: &DatabaseConnection) -> Result<DatabaseTransaction> {
    Ok(database.begin_with_options(writing(database)).await?)
}

/// How a transaction that writes begins. In SQLite it takes the write lock at once: one that reads first and writes
/// later fails with BUSY_SNAPSHOT, for which the busy timeout does not wait.
fn writing(database: &DatabaseConnection) -> TransactionOptions {
    let sqlite = database.get_database_backend() == DbBackend::Sqlite;
    TransactionOptions {
        sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
        // What others committed is seen, and MySQL locks rows instead of the gaps between them.
        isolation_level: (!sqlite).then_some(IsolationLevel::ReadCommitted),
        ..TransactionOptions::default()
    }
}

/// A MySQL that is not strict cuts what is too long for its column, a suite_ticket for one, and says nothing.
async fn strict(database: &DatabaseConnection) -> Result<()> {
    if database.get_database_backend() != DbBackend::MySql {
        return Ok(());
    }
    let mode = Statement::from_string(DbBackend::MySql, "SELECT CAST(@@sql_mode AS CHAR) AS mode");
    let row = database.query_one_raw(mode).await?;
    let mode: String = row
        .map(|row| row.try_get("", "mode"))
        .transpose()?
        .unwrap_or_default();
    if mode.contains("STRICT_") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "the database's sql_mode must hold STRICT_TRANS_TABLES or STRICT_ALL_TABLES",
    ))
}

/// A SQLite that does not wait for the disk can lose at a power cut what WeCom was told is safe.
async fn warn_of_haste(database: &DatabaseConnection) -> Result<()> {
    if database.get_database_backend() == DbBackend::Sqlite && synchronous(database).await? < FULL {
        tracing::warn!(
            target: "wecom_login",
            "this SQLite connection has synchronous below FULL: an acknowledged event may be lost at a power cut"
        );
    }
    Ok(())
}

async fn synchronous(database: &DatabaseConnection) -> Result<i64> {
    let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA synchronous");
    let row = database.query_one_raw(asked).await?;
    Ok(row.map_or(Ok(FULL), |row| row.try_get_by_index(0))?)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::new(
            ErrorKind::StoreUnavailable,
            "the database did not do what it was asked",
        )
        .with_retry_after(DATABASE_RETRY_AFTER)
        .with_source(error)
    }
}

/// Whether another process has a file of SQLite to itself.
fn is_busy(error: &DbErr) -> bool {
    #[cfg(feature = "sqlite")]
    if let DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error)) = error {
        let code = error.as_database_error().and_then(|error| error.code());
        // SQLITE_BUSY and BUSY_RECOVERY.
        return matches!(code.as_deref(), Some("5" | "261"));
    }
    let _ = error;
    false
}

/// Why a connection failed, in words that cannot hold the URL.
fn without_url(error: &DbErr) -> std::io::Error {
    let reason = match error {
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error)) => match &**error {
            sea_orm::sqlx::Error::Io(error) => {
                return std::io::Error::new(error.kind(), error.to_string());
            }
            sea_orm::sqlx::Error::Database(error) => error.message().to_owned(),
            sea_orm::sqlx::Error::PoolTimedOut => "no connection in time".to_owned(),
            _ => "connection failed".to_owned(),
        },
        DbErr::ConnectionAcquire(_) => "no connection in time".to_owned(),
        _ => "the URL is of no database that this build knows".to_owned(),
    };
    std::io::Error::other(reason)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_of_ours_waits_for_the_disk_and_its_readers_for_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let database = Store::connect(&url).await.unwrap();
        assert_eq!(synchronous(&database).await.unwrap(), FULL);
        let mode = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
        let mode = database.query_one_raw(mode).await.unwrap().unwrap();
        assert_eq!(mode.try_get_by_index::<String>(0).unwrap(), "wal");
    }
}
