//! Notifications of new entries in the revocation log, by PostgreSQL's LISTEN and NOTIFY. Behind a pooler in transaction
//! mode there are none, and polling suffices.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "postgres")]
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::db::{Pool, Transaction};
use crate::error::Result;

/// The channel of the notifications. They carry no data; it is in the log.
const CHANNEL: &str = "wecom_login_end";

/// The pause before a broken connection is opened again.
#[cfg(feature = "postgres")]
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Listens for new entries of other nodes, until dropped. Several notifications between two calls of
/// [`changed`](Self::changed) are one.
pub(crate) struct ChangeListener {
    notify: Arc<Notify>,
    task: Option<AbortHandle>,
}

impl ChangeListener {
    /// Starts listening in the background, on a connection that is not the pool's.
    pub(crate) fn spawn(pool: &Pool, runtime: &Handle) -> Self {
        let notify = Arc::new(Notify::new());
        // The server connection that listens would tell whichever client has it.
        let task = if pool.is_pooled() {
            None
        } else {
            listen(pool.database(), Arc::clone(&notify))
        };
        Self {
            notify,
            task: task.map(|task| runtime.spawn(task).abort_handle()),
        }
    }

    /// Waits for a notification; forever where the database has none.
    pub(crate) async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for ChangeListener {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for ChangeListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeListener")
    }
}

/// Notifies the other nodes once the transaction is committed.
pub(super) async fn notify_listeners(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction
            .execute_unprepared(&format!("NOTIFY {CHANNEL}"))
            .await?;
    }
    Ok(())
}

/// Returns the task that listens, if the database is PostgreSQL.
#[cfg(feature = "postgres")]
fn listen(
    database: &DatabaseConnection,
    notify: Arc<Notify>,
) -> Option<impl Future<Output = ()> + Send + 'static> {
    use sea_orm::DatabaseConnectionType::SqlxPostgresPoolConnection;
    use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
    if !matches!(database.inner, SqlxPostgresPoolConnection(_)) {
        return None;
    }
    let options = (*database.get_postgres_connection_pool().connect_options()).clone();
    Some(async move {
        // No lifetimes, for the reason that `db::pool` gives.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        let pool = pool.connect_lazy_with(options);
        loop {
            // Listening ends only by an error. Until the connection is back, polling suffices.
            if let Ok(mut listener) = PgListener::connect_with(&pool).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                while listener.recv().await.is_ok() {
                    notify.notify_one();
                }
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    })
}

/// Without the PostgreSQL driver there is nothing to listen to.
#[cfg(not(feature = "postgres"))]
fn listen(_: &DatabaseConnection, _: Arc<Notify>) -> Option<std::future::Ready<()>> {
    None
}
