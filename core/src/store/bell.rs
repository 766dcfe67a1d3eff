//! Where the database can say that there is news, nodes need not wait until they look again: PostgreSQL's NOTIFY. Behind
//! a pooler that knows no LISTEN the bell stays silent, and looking is enough.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

use super::connection::Transaction;
use crate::error::Result;

/// The channel that carries the word; what the news is stands in the feed.
const CHANNEL: &str = "wecom_login_end";

/// Rings when another node has ended something.
pub(crate) struct Bell {
    #[cfg(feature = "postgres")]
    listener: Option<sea_orm::sqlx::postgres::PgListener>,
}

impl Bell {
    /// A bell on a connection of its own, so that it takes none from the pool.
    #[cfg(feature = "postgres")]
    pub(crate) async fn hang(database: &DatabaseConnection) -> Self {
        use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
        if database.get_database_backend() != DbBackend::Postgres {
            return Self { listener: None };
        }
        let options = (*database.get_postgres_connection_pool().connect_options()).clone();
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await?;
            Ok::<_, sea_orm::sqlx::Error>(listener)
        };
        Self { listener: listening.await.ok() }
    }

    /// Without PostgreSQL there is none.
    #[cfg(not(feature = "postgres"))]
    pub(crate) async fn hang(_: &DatabaseConnection) -> Self {
        Self {}
    }

    /// Waits until it rings; for ever where it cannot.
    pub(crate) async fn rings(&mut self) {
        #[cfg(feature = "postgres")]
        if let Some(listener) = &mut self.listener {
            // A connection that broke is made anew at the next wait.
            if listener.recv().await.is_ok() {
                return;
            }
        }
        std::future::pending().await
    }
}

/// Rings for the other nodes once the transaction is committed.
pub(super) async fn ring(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
    }
    Ok(())
}
