//! Write transactions.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionOptions,
};
use tokio::sync::Notify;

use crate::db::bulkhead::Permit;
use crate::db::cursor::Cursor;
use crate::db::timeout::with_answer_timeout;
use crate::db::write_queue::WritePermit;
use crate::metrics::{self, Timed};

/// A write transaction; it is rolled back when it is dropped.
pub(crate) struct Transaction {
    transaction: DatabaseTransaction,
    appended: Mutex<Option<Cursor>>,
    /// What ends with the commit: sessions, by the word of a label.
    ends: Mutex<Vec<&'static str>>,
    /// Notified once the transaction is committed.
    waiter: Mutex<Option<Arc<Notify>>>,
    committed_cursor: Arc<Mutex<Cursor>>,
    // Dropped after the transaction, so the next writer starts when this one has ended.
    _write_permit: Option<WritePermit>,
    _permit: Permit,
    _timed: Timed,
}

impl Transaction {
    pub(super) fn new(
        transaction: DatabaseTransaction,
        committed_cursor: Arc<Mutex<Cursor>>,
        write_permit: Option<WritePermit>,
        permit: Permit,
        timed: Timed,
    ) -> Self {
        Self {
            transaction,
            appended: Mutex::default(),
            ends: Mutex::default(),
            waiter: Mutex::default(),
            committed_cursor,
            _write_permit: write_permit,
            _permit: permit,
            _timed: timed,
        }
    }

    /// Commits, and advances the node's committed cursor to the entry that this transaction appended.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        with_answer_timeout(self.transaction.commit()).await?;
        if let Some(appended) = self.appended.into_inner() {
            let mut committed = self.committed_cursor.lock();
            if committed.seq < appended.seq {
                *committed = appended;
            }
        }
        for reason in self.ends.into_inner() {
            metrics::sessions_ended(reason, 1);
        }
        if let Some(waiter) = self.waiter.into_inner() {
            waiter.notify_one();
        }
        Ok(())
    }

    /// Rolls back.
    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        with_answer_timeout(self.transaction.rollback()).await
    }

    /// Has `waiter` notified once this transaction is committed: what it wrote can be read then.
    pub(crate) fn notify_after_commit(&self, waiter: Arc<Notify>) {
        *self.waiter.lock() = Some(waiter);
    }

    /// Has an end of sessions counted once this transaction is committed.
    pub(crate) fn count_end(&self, reason: &'static str) {
        self.ends.lock().push(reason);
    }

    /// Notes the entry of the revocation log that this transaction appended.
    pub(crate) fn set_appended(&self, entry: Cursor) {
        *self.appended.lock() = Some(entry);
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        with_answer_timeout(self.transaction.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        with_answer_timeout(self.transaction.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        with_answer_timeout(self.transaction.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        with_answer_timeout(self.transaction.query_all_raw(statement)).await
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}

/// The options of a write transaction.
pub(super) fn write_options(database: &DatabaseConnection) -> TransactionOptions {
    let is_sqlite = database.get_database_backend() == DbBackend::Sqlite;
    TransactionOptions {
        // Takes the write lock at once. A transaction that reads first and writes later fails with BUSY_SNAPSHOT, for
        // which the busy timeout does not wait.
        sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
        // Sees what others committed, and MySQL locks rows instead of the gaps between them.
        isolation_level: (!is_sqlite).then_some(IsolationLevel::ReadCommitted),
        ..TransactionOptions::default()
    }
}
