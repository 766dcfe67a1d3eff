//! The connection pool: its options, opening it by URL, and which of its connections are reused.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, QueryResult, Statement, TransactionTrait as _,
};

use crate::db::db_error::is_sqlite_busy;
use crate::db::open_error::{check_url, open_error};
use crate::db::pooler;
use crate::db::timeout::no_answer;
use crate::db::transaction::write_options;
use crate::error::Result;

/// The size of a pool that is opened by URL.
const MAX_CONNECTIONS: u32 = 16;
/// How long a statement waits for a connection of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for a lock of another process.
#[cfg(feature = "sqlite")]
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two attempts to open a SQLite file that another process has locked exclusively.
const SQLITE_OPEN_RETRY_PAUSE: Duration = Duration::from_millis(20);
/// A connection that does not answer a ping in this time is closed.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Older connections are closed when they are released: after a failover they may go on to a server that takes no
/// writes.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const MAX_CONNECTION_AGE: Duration = Duration::from_mins(10);
/// A `BEGIN` that is not answered in this time is abandoned, and its connection with it.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long released connections are closed after a `BEGIN` was abandoned. Its connection is released at once.
const EVICTION_PERIOD: Duration = Duration::from_secs(5);

/// A connection pool: one of ours, or the host app's.
#[derive(Clone)]
pub(crate) struct Pool {
    database: DatabaseConnection,
    /// Whether there is a pooler in transaction mode before the database.
    is_pooled: bool,
    /// Until then every connection that is released is closed, because one of them may be in a transaction. Read by the
    /// `after_release` hook of a pool of ours; a pool of the host app's has no such hook.
    evict_until: Arc<Mutex<Option<Instant>>>,
}

impl Pool {
    /// Opens a pool by URL. It logs no statements, since they hold personal data.
    ///
    /// # Errors
    /// `CONFIG_ERROR` and `STORE_UNAVAILABLE` with what is wrong, without the URL.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        check_url(url)?;
        let evict_until = Arc::default();
        let options = options(url, &evict_until);
        let started = Instant::now();
        let connected = loop {
            match Database::connect(options.clone()).await {
                // Creating a file in WAL mode takes an exclusive lock, for which the busy timeout does not wait.
                Err(error) if is_sqlite_busy(&error) && started.elapsed() < ACQUIRE_TIMEOUT => {
                    tokio::time::sleep(SQLITE_OPEN_RETRY_PAUSE).await;
                }
                connected => break connected,
            }
        };
        let database = connected.map_err(|error| open_error(url, &error))?;
        Ok(Self {
            is_pooled: pooler::is_pooled(&database),
            database,
            evict_until,
        })
    }

    /// Returns the pool as sea-orm has it. [`Pool`] itself is the one that statements go to.
    pub(crate) const fn database(&self) -> &DatabaseConnection {
        &self.database
    }

    /// Returns whether there is a pooler in transaction mode before the database.
    pub(crate) const fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// Returns the size of the pool.
    pub(super) fn max_connections(&self) -> usize {
        let connections = self.settings().map(|settings| settings.max_connections);
        usize::try_from(connections.unwrap_or(MAX_CONNECTIONS)).unwrap_or(usize::MAX)
    }

    /// Warns of a pool of the host app's whose connections have lifetimes: see `options`.
    pub(crate) fn warn_of_lifetimes(&self) {
        if self
            .settings()
            .is_some_and(|settings| settings.has_lifetimes)
        {
            tracing::warn!(
                target: "wecom_login",
                "the pool given to Builder::database has an idle timeout or a maximum lifetime, for which sqlx 0.9.0 runs \
                 a task that can busy-loop and block the shutdown: set idle_timeout and max_lifetime to None, and close \
                 old connections in after_release"
            );
        }
    }

    /// What the pool was made with; none for a database that this build has no driver for.
    fn settings(&self) -> Option<PoolSettings> {
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        use sea_orm::DatabaseConnectionType;
        let database = &self.database;
        match &database.inner {
            #[cfg(feature = "sqlite")]
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => Some(PoolSettings::of(
                database.get_sqlite_connection_pool().options(),
            )),
            #[cfg(feature = "postgres")]
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => Some(PoolSettings::of(
                database.get_postgres_connection_pool().options(),
            )),
            #[cfg(feature = "mysql")]
            DatabaseConnectionType::SqlxMySqlPoolConnection(_) => Some(PoolSettings::of(
                database.get_mysql_connection_pool().options(),
            )),
            _ => None,
        }
    }

    /// Begins a write transaction in a task that goes on when the caller is dropped.
    ///
    /// sqlx 0.9 counts a transaction only once its `BEGIN` was answered. A `BEGIN` that was cut off before released its
    /// connection with the transaction open, and later statements on it were never committed.
    pub(crate) async fn begin(&self) -> std::result::Result<DatabaseTransaction, DbErr> {
        let pool = self.clone();
        let begun = tokio::spawn(async move {
            let mut begun = std::pin::pin!(pool.begin_here());
            match tokio::time::timeout(BEGIN_TIMEOUT, &mut begun).await {
                Ok(begun) => begun,
                Err(_) => {
                    // Before `begun` is dropped, which releases the connection.
                    pool.evict_all();
                    Err(no_answer())
                }
            }
        });
        begun.await.unwrap_or_else(|_| Err(no_answer()))
    }

    async fn begin_here(&self) -> std::result::Result<DatabaseTransaction, DbErr> {
        if self.is_pooled {
            // sea-orm would set the isolation level by a prepared statement, before the old ones are deallocated.
            let transaction = self.database.begin().await?;
            pooler::deallocate_statements(&transaction).await?;
            return Ok(transaction);
        }
        let options = write_options(&self.database);
        self.database.begin_with_options(options).await
    }

    /// Begins a transaction for one statement, where a statement needs one.
    pub(super) async fn begin_if_pooled(
        &self,
    ) -> std::result::Result<Option<DatabaseTransaction>, DbErr> {
        if !self.is_pooled {
            return Ok(None);
        }
        self.begin().await.map(Some)
    }

    /// Has every connection closed that is released within [`EVICTION_PERIOD`].
    fn evict_all(&self) {
        *self.evict_until.lock() = Some(Instant::now() + EVICTION_PERIOD);
    }
}

/// Runs one statement on the pool, neither bounded nor time-limited.
macro_rules! run {
    ($pool:ident, $method:ident($statement:expr)) => {
        match $pool.begin_if_pooled().await? {
            None => $pool.database.$method($statement).await,
            Some(transaction) => {
                let result = transaction.$method($statement).await?;
                transaction.commit().await?;
                Ok(result)
            }
        }
    };
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        run!(self, execute_raw(statement))
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        self.database.execute_unprepared(sql).await
    }

    async fn query_one_raw(
        &self,
        statement: Statement,
    ) -> std::result::Result<Option<QueryResult>, DbErr> {
        run!(self, query_one_raw(statement))
    }

    async fn query_all_raw(
        &self,
        statement: Statement,
    ) -> std::result::Result<Vec<QueryResult>, DbErr> {
        run!(self, query_all_raw(statement))
    }
}

/// What we ask of a pool.
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "without a driver there is no pool")
)]
struct PoolSettings {
    max_connections: u32,
    /// Whether connections are closed when they are idle or old.
    has_lifetimes: bool,
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
impl PoolSettings {
    fn of<D: sea_orm::sqlx::Database>(options: &sea_orm::sqlx::pool::PoolOptions<D>) -> Self {
        Self {
            max_connections: options.get_max_connections(),
            has_lifetimes: options.get_idle_timeout().is_some()
                || options.get_max_lifetime().is_some(),
        }
    }
}

impl From<DatabaseConnection> for Pool {
    fn from(database: DatabaseConnection) -> Self {
        Self {
            is_pooled: pooler::is_pooled(&database),
            database,
            evict_until: Arc::default(),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(unused_variables, reason = "a SQLite pool has no hook")
)]
fn options(url: &str, evict_until: &Arc<Mutex<Option<Instant>>>) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_connections(MAX_CONNECTIONS);
    // No lifetimes: with them sqlx 0.9.0 starts a reaper task that can busy-loop, which also blocks runtime shutdown.
    // `is_reusable` closes old connections instead.
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
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
    });
    #[cfg(feature = "postgres")]
    {
        // A pooler refuses a parameter that it does not know, and no column of ours is a float.
        options.map_sqlx_postgres_opts(|postgres| postgres.extra_float_digits(None));
        let evict_until = Arc::clone(evict_until);
        options.map_sqlx_postgres_pool_opts(move |pool| {
            let evict_until = Arc::clone(&evict_until);
            pool.after_release(move |connection, metadata| {
                let until = *evict_until.lock();
                Box::pin(is_reusable(connection, metadata.age, until))
            })
        });
    }
    #[cfg(feature = "mysql")]
    {
        let evict_until = Arc::clone(evict_until);
        options.map_sqlx_mysql_pool_opts(move |pool| {
            let evict_until = Arc::clone(&evict_until);
            pool.after_release(move |connection, metadata| {
                let until = *evict_until.lock();
                Box::pin(is_reusable(connection, metadata.age, until))
            })
        });
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        // Each connection to an in-memory database would open a database of its own.
        options.max_connections(1).min_connections(1);
    }
    options
}

/// Tells whether a released connection goes back to the pool: it is not old, not evicted, and answers a ping. sqlx's
/// own check would ping without a timeout, and its own care for their age is the reaper task that we do without.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn is_reusable(
    connection: &mut impl sea_orm::sqlx::Connection,
    age: Duration,
    evict_until: Option<Instant>,
) -> std::result::Result<bool, sea_orm::sqlx::Error> {
    if age > MAX_CONNECTION_AGE || evict_until.is_some_and(|until| Instant::now() < until) {
        return Ok(false);
    }
    tokio::time::timeout(PING_TIMEOUT, connection.ping())
        .await
        .unwrap_or(Err(sea_orm::sqlx::Error::PoolTimedOut))
        .map(|()| true)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
