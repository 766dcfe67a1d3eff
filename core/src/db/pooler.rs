//! PostgreSQL behind a pooler in transaction mode, such as PgBouncer.
//!
//! Such a pooler hands each transaction to whichever server connection is free. A prepared statement stays with the
//! server connection: the next client there finds a name taken, or its own statement gone. sqlx 0.9 names every statement
//! it prepares, also without a cache of them, so with `statement-cache-capacity=0` in the URL
//!
//! - every statement runs in a transaction, and so on one server connection;
//! - nobody listens for notifications, which a server connection would hand to whichever client has it;
//! - every transaction starts by deallocating what an earlier one prepared there. PgBouncer from 1.22 on keeps the
//!   statements of its clients apart and understands this command as one about the client's own.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr};

use crate::db::Pool;
use crate::error::Result;

/// What an operator does about a pooler in transaction mode.
pub(super) const POOLER_HINT: &str = "prepared statements get lost between the connections: if PostgreSQL is behind a \
    pooler in transaction mode, such as PgBouncer, add statement-cache-capacity=0 to the database URL";

/// Returns whether the pool does without a cache of prepared statements, which says that it is behind a pooler.
pub(super) fn is_pooled(database: &DatabaseConnection) -> bool {
    #[cfg(feature = "postgres")]
    if let sea_orm::DatabaseConnectionType::SqlxPostgresPoolConnection(_) = database.inner {
        use sea_orm::sqlx::ConnectOptions as _;
        // The only place where sqlx says it.
        let pool = database.get_postgres_connection_pool();
        let url = pool.connect_options().to_url_lossy();
        return url
            .query_pairs()
            .any(|(name, value)| name == "statement-cache-capacity" && value == "0");
    }
    let _ = database;
    false
}

/// Deallocates what earlier transactions prepared on this server connection, and sets the isolation level.
pub(super) async fn deallocate_statements(
    transaction: &DatabaseTransaction,
) -> std::result::Result<(), DbErr> {
    // Both by the simple protocol, which prepares nothing. Alone: PgBouncer knows this text.
    transaction.execute_unprepared("DEALLOCATE ALL").await?;
    let level = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
    transaction.execute_unprepared(level).await?;
    Ok(())
}

/// Fails if the database is behind a pooler in transaction mode and the URL does not say so: two connections prepare a
/// statement, one after the other, and their names meet.
pub(super) async fn require_kept_statements(pool: &Pool) -> Result<()> {
    #[cfg(feature = "postgres")]
    if let sea_orm::DatabaseConnectionType::SqlxPostgresPoolConnection(_) = pool.database().inner
        && !pool.is_pooled()
    {
        use sea_orm::sqlx::{self, Connection as _, PgConnection};

        let pool = pool.database().get_postgres_connection_pool();
        let prepared = async {
            let mut pooled = pool.acquire().await?;
            sqlx::query("SELECT 1").execute(&mut *pooled).await?;
            // Held: its connection is pinged when it is released, which may take the server connection.
            let mut other = PgConnection::connect_with(&pool.connect_options()).await?;
            sqlx::query("SELECT 1").execute(&mut other).await?;
            drop(pooled);
            other.close().await
        };
        let prepared: std::result::Result<(), sqlx::Error> = prepared.await;
        prepared.map_err(|error| DbErr::Query(sea_orm::RuntimeErr::SqlxError(error.into())))?;
    }
    let _ = pool;
    Ok(())
}
