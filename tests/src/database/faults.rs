//! Faults of a database: terminated connections, blocked writes.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

use super::TestDatabase;
use super::server::{connect_for_maintenance, kill_connections};

impl TestDatabase {
    /// Terminates every connection, as a server that restarts. `false` for a file, which has no server.
    pub async fn terminate_connections(&self) -> bool {
        let Some((server, name)) = &self.on_server else {
            return false;
        };
        let connection = connect_for_maintenance(server, self.backend)
            .await
            .expect("the server of the tests answers");
        if self.backend == DbBackend::Postgres {
            let terminate = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            connection
                .execute_unprepared(&terminate)
                .await
                .expect("a statement");
        } else {
            kill_connections(&connection, name)
                .await
                .expect("a statement");
        }
        connection.close().await.expect("a connection");
        true
    }

    /// Blocks the writes of everyone else until the lock is released or dropped.
    pub async fn lock(&self) -> WriteLock {
        let connection = self.connect().await;
        let tables: Vec<String> = match self.backend {
            DbBackend::Sqlite => Vec::new(),
            _ => self
                .tables()
                .await
                .into_iter()
                .map(|(table, _)| table)
                .collect(),
        };
        let (statements, release) = match self.backend {
            DbBackend::Sqlite => (vec!["BEGIN EXCLUSIVE".to_owned()], "ROLLBACK"),
            DbBackend::MySql => (
                vec![format!("LOCK TABLES {} READ", tables.join(" READ, "))],
                "UNLOCK TABLES",
            ),
            _ => (
                vec![
                    "BEGIN".to_owned(),
                    format!("LOCK TABLE {} IN EXCLUSIVE MODE", tables.join(", ")),
                ],
                "ROLLBACK",
            ),
        };
        for statement in statements {
            connection
                .execute_unprepared(&statement)
                .await
                .expect("the lock");
        }
        WriteLock {
            connection,
            release,
        }
    }
}

/// A lock under which nobody else can write.
#[derive(Debug)]
pub struct WriteLock {
    connection: DatabaseConnection,
    release: &'static str,
}

impl WriteLock {
    /// Releases the lock.
    pub async fn release(self) {
        self.connection
            .execute_unprepared(self.release)
            .await
            .expect("the lock is released");
    }
}
