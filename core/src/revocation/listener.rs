//! Where the database can say that there is news, nodes need not wait until they look again: PostgreSQL's NOTIFY. Behind
//! a pooler that knows no LISTEN the bell stays silent, and looking is enough.

use std::sync::Arc;
#[cfg(feature = "postgres")]
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::db::Transaction;
use crate::error::Result;

/// The channel that carries the word; what the news is stands in the feed.
const CHANNEL: &str = "wecom_login_end";

/// A connection that broke, or could not be had, is tried again after this.
#[cfg(feature = "postgres")]
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Rings when another node has ended something. Rings that nobody hears in between are one.
pub(crate) struct ChangeListener {
    notify: Arc<Notify>,
    listening: Option<AbortHandle>,
}

impl ChangeListener {
    /// A bell on a connection of its own, so that it takes none from the pool. Nobody waits for it to be there.
    pub(crate) fn spawn(database: &DatabaseConnection, runtime: &Handle) -> Self {
        let notify = Arc::new(Notify::new());
        let listening =
            listen(database, Arc::clone(&notify)).map(|it| runtime.spawn(it).abort_handle());
        Self { notify, listening }
    }

    /// Waits until it rings; for ever where it cannot.
    pub(crate) async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for ChangeListener {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// Listens for ever, where the database is PostgreSQL.
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
        // Without lifetimes, as every pool of ours.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        let pool = pool.connect_lazy_with(options);
        loop {
            // It ends only by an error; until that is mended, looking is enough.
            if let Ok(mut listener) = PgListener::connect_with(&pool).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                while listener.recv().await.is_ok() {
                    notify.notify_one();
                }
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    })
}

/// Without PostgreSQL there is nothing to listen to.
#[cfg(not(feature = "postgres"))]
fn listen(_: &DatabaseConnection, _: Arc<Notify>) -> Option<std::future::Ready<()>> {
    None
}

/// Rings for the other nodes once the transaction is committed.
pub(super) async fn notify_listeners(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction
            .execute_unprepared(&format!("NOTIFY {CHANNEL}"))
            .await?;
    }
    Ok(())
}
