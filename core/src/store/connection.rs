//! The connection that every statement of ours goes through: it keeps to its share of the pool, stands in line to write
//! where there is one writer, and does not wait for ever.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionTrait as _,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::turns::{Turn, Turns};

/// How long a statement waits for its turn to write, and for its share of the connections: in a rush of logins some
/// seconds, and each within what a login may take.
const ROOM_WITHIN: Duration = Duration::from_secs(8);
/// A statement that takes longer than SQLite waits for a lock has met a server that hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);
/// A connection that does not answer its ping in this time is given up.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PONG_WITHIN: Duration = Duration::from_secs(2);
/// Connections that nobody but `/notify` takes.
const KEPT_FOR_NOTIFY: usize = 2;

/// Who uses connections, so that a flood of one kind leaves some to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Storing a permanent code, which cannot be had again: nobody stands before it.
    First,
    /// Storing what WeCom pushes.
    Notify,
    /// Look-ups of sessions: half at most.
    Sessions,
    /// The books of the work on callbacks: a quarter at most.
    Worker,
    /// Everything else.
    Rest,
}

/// How many connections each share may have at the same time.
#[derive(Clone, Debug)]
pub(super) struct Room {
    all_but_notify: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
    worker: Arc<Semaphore>,
}

impl Room {
    pub(super) fn of_pool(connections: usize) -> Self {
        let of = |connections: usize| Arc::new(Semaphore::new(connections.max(1)));
        Self {
            all_but_notify: of(connections.saturating_sub(KEPT_FOR_NOTIFY)),
            sessions: of(connections / 2),
            worker: of(connections / 4),
        }
    }

    async fn take(&self, share: Share) -> Result<Places, DbErr> {
        let places = async {
            // The narrow door first, so that who waits there holds nothing that others could use.
            let own = match share {
                Share::First | Share::Notify => return Ok(Places::default()),
                Share::Sessions => Some(Arc::clone(&self.sessions).acquire_owned().await),
                Share::Worker => Some(Arc::clone(&self.worker).acquire_owned().await),
                Share::Rest => None,
            };
            let of_all = Arc::clone(&self.all_but_notify).acquire_owned().await;
            Ok(Places { _own: own.transpose().map_err(closed)?, _of_all: Some(of_all.map_err(closed)?) })
        };
        tokio::time::timeout(ROOM_WITHIN, places).await.unwrap_or(Err(busy()))
    }
}

/// Places in the pool, until dropped.
#[derive(Debug, Default)]
struct Places {
    _own: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

/// The database as one share of its users sees it.
pub(crate) struct Connection {
    database: DatabaseConnection,
    share: Share,
    room: Room,
    /// Where there is one writer at a time.
    turns: Option<Arc<Turns>>,
    /// The newest number in the feed of ends that this node committed.
    published: Arc<AtomicI64>,
}

impl Connection {
    /// The same database for every share, in the order of [`Share`].
    pub(super) fn shares(database: &DatabaseConnection) -> [Self; 5] {
        let room = Room::of_pool(connections(database));
        let sqlite = database.get_database_backend() == DbBackend::Sqlite;
        let turns = sqlite.then(|| Arc::new(Turns::new(ROOM_WITHIN)));
        let published = Arc::new(AtomicI64::new(0));
        [Share::First, Share::Notify, Share::Sessions, Share::Worker, Share::Rest].map(|share| Self {
            database: database.clone(),
            share,
            room: room.clone(),
            turns: turns.clone(),
            published: Arc::clone(&published),
        })
    }

    /// The pool itself, for what keeps its own time and has no share.
    pub(crate) const fn pool(&self) -> &DatabaseConnection {
        &self.database
    }

    /// A transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        let turn = self.turn("BEGIN").await?;
        let places = self.room.take(self.share).await?;
        let transaction = in_time(self.database.begin_with_options(super::writing(&self.database))).await?;
        Ok(Transaction {
            transaction,
            publishes: AtomicI64::new(0),
            published: Arc::clone(&self.published),
            _turn: turn,
            _places: places,
        })
    }

    /// The newest number in the feed of ends that this node committed to the database that it has now.
    pub(super) fn published(&self) -> &AtomicI64 {
        &self.published
    }

    async fn turn(&self, sql: &str) -> Result<Option<Turn>, DbErr> {
        match &self.turns {
            Some(turns) if self.share == Share::First => Ok(turns.urgent().await),
            Some(turns) if !sql.starts_with("SELECT") => Ok(Some(turns.ordinary().await.ok_or_else(busy)?)),
            _ => Ok(None),
        }
    }

    async fn do_with<T>(&self, sql: &str, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let _turn = self.turn(sql).await?;
        let _places = self.room.take(self.share).await?;
        in_time(work).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let sql = statement.sql.clone();
        self.do_with(&sql, self.database.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.do_with(sql, self.database.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let sql = statement.sql.clone();
        self.do_with(&sql, self.database.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let sql = statement.sql.clone();
        self.do_with(&sql, self.database.query_all_raw(statement)).await
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("share", &self.share).finish_non_exhaustive()
    }
}

/// A transaction that writes; it is rolled back when it is dropped.
pub(crate) struct Transaction {
    transaction: DatabaseTransaction,
    publishes: AtomicI64,
    published: Arc<AtomicI64>,
    // Dropped after it: the next one writes when this one has ended.
    _turn: Option<Turn>,
    _places: Places,
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        in_time(self.transaction.commit()).await?;
        self.published.fetch_max(self.publishes.into_inner(), Ordering::AcqRel);
        Ok(())
    }

    /// With this transaction, this number of the feed is committed.
    pub(super) fn publishes(&self, number: i64) {
        self.publishes.store(number, Ordering::Release);
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        in_time(self.transaction.rollback()).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        in_time(self.transaction.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        in_time(self.transaction.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        in_time(self.transaction.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        in_time(self.transaction.query_all_raw(statement)).await
    }
}

/// Whether a connection that comes back to the pool still answers. The pool itself would ask one to a server that is
/// gone without a word, and wait until the kernel gives up.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) async fn still_answers(
    connection: &mut impl sea_orm::sqlx::Connection,
) -> Result<bool, sea_orm::sqlx::Error> {
    let asked = tokio::time::timeout(PONG_WITHIN, connection.ping()).await;
    asked.unwrap_or(Err(sea_orm::sqlx::Error::PoolTimedOut)).map(|()| true)
}

async fn in_time<T>(work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let slow = || DbErr::Custom("the database did not answer in time".to_owned());
    tokio::time::timeout(ANSWER_WITHIN, work).await.unwrap_or_else(|_| Err(slow()))
}

fn busy() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

/// Our semaphores are never closed; the type does not know it.
fn closed<E>(_: E) -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// How many connections the pool has, the host app's too.
fn connections(database: &DatabaseConnection) -> usize {
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    use sea_orm::DatabaseConnectionType;
    let connections = match &database.inner {
        #[cfg(feature = "sqlite")]
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
            database.get_sqlite_connection_pool().options().get_max_connections()
        }
        #[cfg(feature = "postgres")]
        DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
            database.get_postgres_connection_pool().options().get_max_connections()
        }
        #[cfg(feature = "mysql")]
        DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
            database.get_mysql_connection_pool().options().get_max_connections()
        }
        // A kind of database that this build does not know: as many as a pool of ours.
        _ => super::CONNECTIONS,
    };
    usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS)
}
