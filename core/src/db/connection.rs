//! The connection of one class: it bounds, queues, retries and time-limits every statement.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::db::bulkhead::{Bulkhead, ConnectionClass};
use crate::db::cursor::Cursor;
use crate::db::pool::Pool;
use crate::db::retry::retry_statement;
use crate::db::timeout::{STATEMENT_TIMEOUT, acquire_timed_out, with_answer_timeout, with_timeout};
use crate::db::transaction::Transaction;
use crate::db::wait_tracker::track;
use crate::db::write_queue::{WritePermit, WriteQueue};
use crate::metrics::{ConnectionMetrics, Stopwatch, Timed};

/// The database as one connection class sees it.
pub(crate) struct Connection {
    pool: Pool,
    class: ConnectionClass,
    metrics: ConnectionMetrics,
    bulkhead: Bulkhead,
    /// On SQLite, which has one writer at a time.
    write_queue: Option<Arc<WriteQueue>>,
    /// The newest entry of the revocation log that this node committed, in any class.
    committed_cursor: Arc<Mutex<Cursor>>,
}

impl Connection {
    /// Returns a connection to the pool for every class, in the order of [`ConnectionClass::ALL`].
    pub(super) fn for_each_class(pool: &Pool) -> [Self; ConnectionClass::ALL.len()] {
        let bulkhead = Bulkhead::new(pool.max_connections());
        let is_sqlite = pool.get_database_backend() == DbBackend::Sqlite;
        let write_queue = is_sqlite.then(|| Arc::new(WriteQueue::new(STATEMENT_TIMEOUT)));
        let committed_cursor = Arc::default();
        ConnectionClass::ALL.map(|class| Self {
            pool: pool.clone(),
            class,
            metrics: ConnectionMetrics::new(class.as_str()),
            bulkhead: bulkhead.clone(),
            write_queue: write_queue.clone(),
            committed_cursor: Arc::clone(&committed_cursor),
        })
    }

    /// Returns the pool itself, for callers that are bounded and time-limited otherwise.
    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbErr> {
        // Boxed: it keeps the future types of a whole request below rustc's type-depth limit.
        let begun: Pin<Box<dyn Future<Output = Result<_, DbErr>> + Send + '_>> = Box::pin(async {
            let wait = Stopwatch::start();
            let write_permit = self.acquire_write("BEGIN").await?;
            let permit = self.bulkhead.acquire(self.class).await?;
            self.metrics.wait.record(wait.elapsed());
            let transaction = with_answer_timeout(self.pool.begin()).await?;
            Ok((transaction, write_permit, permit))
        });
        let begun = track(with_timeout(STATEMENT_TIMEOUT, begun, acquire_timed_out));
        let (transaction, write_permit, permit) = begun.await?;
        Ok(Transaction::new(
            transaction,
            Arc::clone(&self.committed_cursor),
            write_permit,
            permit,
            Timed::start(&self.metrics.duration),
        ))
    }

    /// Returns the newest entry of the revocation log that this node committed.
    pub(crate) fn committed_cursor(&self) -> Cursor {
        *self.committed_cursor.lock()
    }

    /// After the database was replaced: sets the committed cursor to `head`, the newest entry of the new revocation
    /// log, unless this node has committed another entry since it was read as `committed`.
    pub(crate) fn rebase(&self, committed: Cursor, head: Cursor) {
        let mut current = self.committed_cursor.lock();
        if *current == committed {
            *current = head;
        }
    }

    /// Waits for the turn to write, if this statement writes and there is a queue.
    async fn acquire_write(&self, sql: &str) -> Result<Option<WritePermit>, DbErr> {
        let Some(write_queue) = &self.write_queue else {
            return Ok(None);
        };
        match self.class {
            ConnectionClass::Critical => Ok(write_queue.acquire_priority().await),
            _ if sql.starts_with("SELECT") => Ok(None),
            ConnectionClass::Heartbeat => Ok(write_queue.acquire_priority().await),
            _ => {
                let permit = write_queue.acquire().await;
                Ok(Some(permit.ok_or_else(acquire_timed_out)?))
            }
        }
    }

    /// Executes one statement outside of a transaction.
    async fn execute<T, F>(&self, sql: &str, statement: impl Fn() -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let executed = async {
            let wait = Stopwatch::start();
            let _write_permit = self.acquire_write(sql).await?;
            let _permit = self.bulkhead.acquire(self.class).await?;
            self.metrics.wait.record(wait.elapsed());
            let _timed = Timed::start(&self.metrics.duration);
            with_answer_timeout(retry_statement(statement)).await
        };
        track(with_timeout(STATEMENT_TIMEOUT, executed, acquire_timed_out)).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.pool().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.execute(&statement.sql, || {
            self.pool().execute_raw(statement.clone())
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute(sql, || self.pool().execute_unprepared(sql))
            .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.execute(&statement.sql, || {
            self.pool().query_one_raw(statement.clone())
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.execute(&statement.sql, || {
            self.pool().query_all_raw(statement.clone())
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
