//! The connection that every statement of ours goes through: it keeps to its share of the pool, stands in line to write
//! where there is one writer, and does not wait for ever.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, QueryResult, Statement,
};

use crate::db::Cursor;
use crate::db::bulkhead::{ConnectionClass, Places, Room, connections};
use crate::db::retry::{ATTEMPTS, was_rolled_back};
use crate::db::wait_tracker::noted;
use crate::db::write_queue::{Turn, Turns};

/// How long a statement takes with all that it waits for, its turn to write and its share of the connections: in a rush
/// of logins some seconds, and less than a login may take.
const DONE_WITHIN: Duration = Duration::from_secs(8);
/// A statement that takes longer than SQLite waits for a lock has met a server that hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);

mod pooled;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) use pooled::is_used_again;

/// The database as one share of its users sees it.
pub(crate) struct Connection {
    database: DatabaseConnection,
    class: ConnectionClass,
    room: Room,
    /// Where there is one writer at a time.
    turns: Option<Arc<Turns>>,
    published: Published,
}

impl Connection {
    /// The same database for every share, in the order of [`ConnectionClass`].
    pub(super) fn shares(database: &DatabaseConnection) -> [Self; 6] {
        use ConnectionClass::{Callbacks, Critical, Default, Heartbeat, Sessions, Worker};
        let room = Room::of_pool(connections(database));
        let sqlite = database.get_database_backend() == DbBackend::Sqlite;
        let turns = sqlite.then(|| Arc::new(Turns::new(DONE_WITHIN)));
        let published = Published::default();
        [Critical, Callbacks, Sessions, Worker, Default, Heartbeat].map(|class| Self {
            database: database.clone(),
            class,
            room: room.clone(),
            turns: turns.clone(),
            published: published.clone(),
        })
    }

    /// The pool itself, for what keeps its own time and has no share.
    pub(crate) const fn pool(&self) -> &DatabaseConnection {
        &self.database
    }

    /// A transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbErr> {
        // In a box, because the compiler measures how deep the futures of a whole request go.
        let begun: Pin<Box<dyn Future<Output = Result<_, DbErr>> + Send + '_>> = Box::pin(async {
            let turn = self.turn("BEGIN").await?;
            let places = self.room.take(self.class).await?;
            Ok((in_time(pooled::begin(&self.database)).await?, turn, places))
        });
        let (transaction, turn, places) = noted(within(DONE_WITHIN, begun, busy)).await?;
        Ok(Transaction {
            transaction,
            publishes: Mutex::default(),
            published: self.published.clone(),
            _turn: turn,
            _places: places,
        })
    }

    /// The newest end that this node committed to the database that it has now.
    pub(crate) fn committed_cursor(&self) -> Cursor {
        *self.published.newest()
    }

    /// The database is another one than that which `published` was committed to; its newest end is `newest`.
    pub(crate) fn rebase(&self, published: Cursor, newest: Cursor) {
        let mut now = self.published.newest();
        if *now == published {
            *now = newest;
        }
    }

    async fn turn(&self, sql: &str) -> Result<Option<Turn>, DbErr> {
        match &self.turns {
            Some(turns) if self.class == ConnectionClass::Critical => Ok(turns.urgent().await),
            Some(_) if sql.starts_with("SELECT") => Ok(None),
            Some(turns) if self.class == ConnectionClass::Heartbeat => Ok(turns.urgent().await),
            Some(turns) => Ok(Some(turns.ordinary().await.ok_or_else(busy)?)),
            None => Ok(None),
        }
    }

    /// Carries a statement out by itself. One that gave way to another was rolled back whole and is done again.
    async fn do_with<T, F>(&self, sql: &str, work: impl Fn() -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let done = async {
            let _turn = self.turn(sql).await?;
            let _places = self.room.take(self.class).await?;
            in_time(repeated(work)).await
        };
        noted(within(DONE_WITHIN, done, busy)).await
    }
}

/// The newest end that this node committed, for all shares.
#[derive(Clone, Debug, Default)]
struct Published(Arc<Mutex<Cursor>>);

impl Published {
    fn newest(&self) -> MutexGuard<'_, Cursor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.do_with(&statement.sql, || {
            self.database.execute_raw(statement.clone())
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.do_with(sql, || self.database.execute_unprepared(sql))
            .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.do_with(&statement.sql, || {
            self.database.query_one_raw(statement.clone())
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.do_with(&statement.sql, || {
            self.database.query_all_raw(statement.clone())
        })
        .await
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

/// A transaction that writes; it is rolled back when it is dropped.
pub(crate) struct Transaction {
    transaction: DatabaseTransaction,
    publishes: Mutex<Option<Cursor>>,
    published: Published,
    // Dropped after it: the next one writes when this one has ended.
    _turn: Option<Turn>,
    _places: Places,
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        in_time(self.transaction.commit()).await?;
        if let Some(end) = self
            .publishes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            let mut newest = self.published.newest();
            if newest.seq < end.seq {
                *newest = end;
            }
        }
        Ok(())
    }

    /// With this transaction, this end of the feed is committed.
    pub(crate) fn set_log_cursor(&self, end: Cursor) {
        *self
            .publishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(end);
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

/// Does what the database rolled back in favour of another's work again, a few times.
async fn repeated<T, F>(work: impl Fn() -> F) -> Result<T, DbErr>
where
    F: Future<Output = Result<T, DbErr>>,
{
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if was_rolled_back(&error) => {}
            done => return done,
        }
    }
    work().await
}

async fn in_time<T>(work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    noted(within(ANSWER_WITHIN, work, slow)).await
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, DbErr>>,
    late: impl Fn() -> DbErr,
) -> Result<T, DbErr> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}

fn slow() -> DbErr {
    DbErr::Custom("the database did not answer in time".to_owned())
}

fn busy() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
