//! Write transactions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionOptions,
};
use tokio::sync::Notify;

use crate::db::bulkhead::Permit;
use crate::db::cursor::Cursor;
use crate::db::timeout::{no_answer, with_answer_timeout};
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
    /// SQLite has ended the transaction by itself: nothing of it can be committed.
    is_lost: AtomicBool,
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
            is_lost: AtomicBool::new(false),
            _write_permit: write_permit,
            _permit: permit,
            _timed: timed,
        }
    }

    /// Commits, and advances the node's committed cursor to the entry that this transaction appended.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err(DbErr::Custom(
                "the transaction has ended after an error".to_owned(),
            ));
        }
        with_answer_timeout(commit(self.transaction)).await?;
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

    /// After an error such as a full disk SQLite may have ended the transaction by itself. sqlx 0.9 does not see that: its
    /// rollback fails, it goes on counting the transaction, and what is committed later on the same connection stays in a
    /// transaction that nobody commits. A new one takes the place of the one that ended, and is rolled back in its stead.
    async fn keep_counted<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        // A statement that was given up may still run.
        let has_failed = matches!(result, Err(DbErr::Exec(_) | DbErr::Query(_)));
        if has_failed && self.get_database_backend() == DbBackend::Sqlite {
            // Fails where the transaction has not ended.
            let begun = self.transaction.execute_unprepared("BEGIN").await;
            if begun.is_ok() {
                self.is_lost.store(true, Ordering::Relaxed);
            }
        }
        result
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
        let result = with_answer_timeout(self.transaction.execute_raw(statement)).await;
        self.keep_counted(result).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let result = with_answer_timeout(self.transaction.execute_unprepared(sql)).await;
        self.keep_counted(result).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let result = with_answer_timeout(self.transaction.query_one_raw(statement)).await;
        self.keep_counted(result).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let result = with_answer_timeout(self.transaction.query_all_raw(statement)).await;
        self.keep_counted(result).await
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transaction")
    }
}

/// Commits. On SQLite as a statement, in a task that goes on when the caller is dropped: a commit that fails, because the
/// disk is full, may have ended the transaction, which sqlx would go on counting.
async fn commit(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Sqlite {
        return transaction.commit().await;
    }
    let committed = tokio::spawn(async move {
        let committed = transaction.execute_unprepared("COMMIT").await;
        // In place of the one that has ended; it fails where the commit did and the transaction has not.
        let _ = transaction.execute_unprepared("BEGIN").await;
        let _ = transaction.rollback().await;
        committed
    });
    let committed = committed.await.unwrap_or_else(|_| Err(no_answer()));
    committed.map(drop)
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
