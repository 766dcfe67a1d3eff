//! Faults of a database: terminated connections, blocked writes.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

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

    /// Blocks the commit of every transaction that announces something to the other nodes, until the lock is released or
    /// dropped. On SQLite, which has one writer at a time, it blocks nobody.
    pub async fn lock_announcements(&self) -> WriteLock {
        let connection = self.connect().await;
        let statements: &[&str] = match self.backend {
            DbBackend::Sqlite => &["BEGIN"],
            _ => &["BEGIN", "SELECT id FROM wecom_counter FOR UPDATE"],
        };
        for statement in statements {
            connection
                .execute_unprepared(statement)
                .await
                .expect("the lock");
        }
        WriteLock {
            connection,
            release: "ROLLBACK",
        }
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
    /// The number of transactions that wait for a lock; none for a file, which cannot say.
    pub async fn waiting(&self) -> Option<i64> {
        let backend = self.connection.get_database_backend();
        let waiting = match backend {
            DbBackend::Sqlite => return None,
            DbBackend::MySql => {
                // InnoDB's own table of transactions is not renewed while it is read again and again.
                "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() \
                 AND id <> CONNECTION_ID() AND command <> 'Sleep' \
                 AND (info LIKE '%wecom_counter%' OR info LIKE '%wecom_corp_alias%')"
            }
            _ => {
                "SELECT COUNT(*) FROM pg_stat_activity \
                 WHERE wait_event_type = 'Lock' AND datname = current_database()"
            }
        };
        let row = self
            .connection
            .query_one_raw(Statement::from_string(backend, waiting))
            .await;
        let row = row.expect("a statement").expect("a row");
        Some(row.try_get_by_index(0).expect("a number"))
    }

    /// Releases the lock.
    pub async fn release(self) {
        self.connection
            .execute_unprepared(self.release)
            .await
            .expect("the lock is released");
    }
}
