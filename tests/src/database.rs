//! A database for one test: an SQLite file, or a database of its own on the server that `TEST_DATABASE_SERVER` names
//! (`postgres://user@host`, `mysql://user@host`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, DbErr, Statement,
};

/// Names the server; without it every test has an SQLite file.
pub const SERVER_VARIABLE: &str = "TEST_DATABASE_SERVER";

static CREATED: AtomicU32 = AtomicU32::new(0);

/// A database that is gone when this is dropped.
pub struct TestDatabase {
    backend: DbBackend,
    url: String,
    /// The server and the database's name on it.
    on_server: Option<(String, String)>,
    file: PathBuf,
}

impl TestDatabase {
    /// An empty database; a file of it, if it has one, lies in `directory`.
    ///
    /// # Panics
    /// The server that is named does not answer.
    pub async fn create(directory: &Path) -> Self {
        let Ok(server) = std::env::var(SERVER_VARIABLE) else {
            return Self::file(directory);
        };
        let file = directory.join("login.db");
        let server = server.trim_end_matches('/').to_owned();
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("wecom_test_{}_{number}", std::process::id());
        let backend = if server.starts_with("mysql") {
            DbBackend::MySql
        } else {
            DbBackend::Postgres
        };
        create_anew(&server, backend, &name)
            .await
            .expect("the server of the tests answers");
        let url = format!("{server}/{name}");
        Self {
            backend,
            url,
            on_server: Some((server, name)),
            file,
        }
    }

    /// An SQLite file in `directory`, for what is about files. It is made when it is first opened for writing.
    #[must_use]
    pub fn file(directory: &Path) -> Self {
        let file = directory.join("login.db");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Self {
            backend: DbBackend::Sqlite,
            url,
            on_server: None,
            file,
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What kind it is.
    #[must_use]
    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await.expect("the database opens")
    }

    /// Carries a statement out.
    pub async fn execute(&self, sql: &str) {
        self.connect()
            .await
            .execute_unprepared(sql)
            .await
            .expect("a statement");
    }

    /// The number that a statement answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let row = self
            .connect()
            .await
            .query_one_raw(Statement::from_string(self.backend, sql))
            .await;
        row.expect("a statement")
            .expect("a row")
            .try_get_by_index(0)
            .expect("a number")
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self
            .connect()
            .await
            .query_all_raw(Statement::from_string(self.backend, sql))
            .await;
        let rows = rows.expect("a statement");
        rows.iter()
            .map(|row| row.try_get_by_index(0).expect("a text"))
            .collect()
    }

    /// An id as it is written in a statement: a literal of bytes.
    #[must_use]
    pub fn literal(&self, id: &str) -> String {
        self.literal_bytes(id.as_bytes())
    }

    /// Bytes as they are written in a statement.
    #[must_use]
    pub fn literal_bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.backend {
            DbBackend::Postgres => format!("'\\x{hex}'::bytea"),
            _ => format!("X'{hex}'"),
        }
    }

    /// A column of bytes that hold text, as an expression that answers the text.
    #[must_use]
    pub fn text_of(&self, column: &str) -> String {
        match self.backend {
            DbBackend::Postgres => format!("convert_from({column}, 'UTF8')"),
            DbBackend::MySql => format!("CONVERT({column} USING utf8mb4)"),
            _ => format!("CAST({column} AS TEXT)"),
        }
    }

    /// Our tables, and the columns of each that hold text or bytes, in an expression that answers them as text.
    pub async fn tables(&self) -> Vec<(String, Vec<String>)> {
        let of_schema = match self.backend {
            DbBackend::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'wecom_%' ORDER BY name"
            }
            DbBackend::MySql => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"
            }
            _ => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            }
        };
        let mut tables = Vec::new();
        for table in self.texts(of_schema).await {
            let columns = match self.backend {
                DbBackend::Sqlite => {
                    format!(
                        "SELECT 'CAST(' || name || ' AS TEXT)' FROM pragma_table_info('{table}')"
                    )
                }
                DbBackend::MySql => format!(
                    "SELECT CONCAT('CONVERT(', column_name, ' USING latin1)') FROM information_schema.columns \
                     WHERE table_schema = DATABASE() AND table_name = '{table}'"
                ),
                _ => format!(
                    "SELECT CASE WHEN data_type = 'bytea' THEN 'encode(' || column_name || ', ''escape'')' \
                     ELSE column_name || '::text' END \
                     FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
                ),
            };
            let columns = self.texts(&columns).await;
            tables.push((table, columns));
        }
        tables
    }

    /// The names of a table's columns.
    pub async fn columns(&self, table: &str) -> Vec<String> {
        self.texts(&match self.backend {
            DbBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
            DbBackend::MySql => format!(
                "SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = '{table}'"
            ),
            _ => format!(
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}'"
            ),
        })
        .await
    }

    /// Our tables with their columns, the types of those, and the indexes: a line each, in an order of their own.
    pub async fn shape(&self) -> Vec<String> {
        let statements = match self.backend {
            DbBackend::Sqlite => [
                "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk \
                 FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name LIKE 'wecom_%' ORDER BY 1",
                "SELECT t.tbl_name || ': ' || t.name || ' ' || c.seqno || ' ' || c.name \
                 FROM sqlite_schema t, pragma_index_info(t.name) c \
                 WHERE t.type = 'index' AND t.tbl_name LIKE 'wecom_%' ORDER BY 1",
            ],
            DbBackend::MySql => [
                "SELECT CAST(CONCAT(table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', \
                 COALESCE(collation_name, '')) AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name LIKE 'wecom%' ORDER BY 1",
                "SELECT CAST(CONCAT(table_name, ': ', index_name, ' ', seq_in_index, ' ', column_name, ' ', non_unique) \
                 AS CHAR) FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND table_name LIKE 'wecom%' ORDER BY 1",
            ],
            _ => [
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
                 FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name LIKE 'wecom%' ORDER BY 1",
                "SELECT tablename || ': ' || indexdef FROM pg_indexes \
                 WHERE schemaname = 'public' AND tablename LIKE 'wecom%' ORDER BY 1",
            ],
        };
        let mut shape = self.texts(statements[0]).await;
        shape.extend(self.texts(statements[1]).await);
        shape
    }

    /// Throws out everyone who is connected, as a server does that restarts. `false` for a file, which has nobody.
    pub async fn throw_out(&self) -> bool {
        let Some((server, name)) = &self.on_server else {
            return false;
        };
        let connection = administer(server, self.backend)
            .await
            .expect("the server of the tests answers");
        if self.backend == DbBackend::Postgres {
            let everyone = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            connection
                .execute_unprepared(&everyone)
                .await
                .expect("a statement");
        } else {
            kill_users(&connection, name).await.expect("a statement");
        }
        connection.close().await.expect("a connection");
        true
    }

    /// Whether these words stand anywhere in it, as they are; in a file also where rows once were.
    pub async fn holds(&self, words: &str) -> bool {
        if self.on_server.is_none() {
            return [self.file.clone(), self.file.with_extension("db-wal")]
                .iter()
                .any(|file| {
                    let bytes = std::fs::read(file).unwrap_or_default();
                    bytes
                        .windows(words.len())
                        .any(|window| window == words.as_bytes())
                });
        }
        for (table, columns) in self.tables().await {
            let found: Vec<String> = columns
                .iter()
                .map(|column| format!("{column} LIKE '%{words}%'"))
                .collect();
            let found = format!("SELECT COUNT(*) FROM {table} WHERE {}", found.join(" OR "));
            if self.number(&found).await > 0 {
                return true;
            }
        }
        false
    }

    /// Keeps everyone else from writing until it is released or dropped.
    pub async fn lock(&self) -> Lock {
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
        Lock {
            connection,
            release,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.on_server.take() else {
            return;
        };
        let backend = self.backend;
        // On a thread with a runtime of its own: a drop cannot wait on the runtime it happens on.
        let gone = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| runtime.block_on(drop_database(&server, backend, &name)))
        });
        // What is left behind is in nobody's way: the next process of this number drops it.
        let _ = gone.join();
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A database that nobody else can write to.
#[derive(Debug)]
pub struct Lock {
    connection: DatabaseConnection,
    release: &'static str,
}

impl Lock {
    /// Lets the others write again.
    pub async fn release(self) {
        self.connection
            .execute_unprepared(self.release)
            .await
            .expect("the lock is released");
    }
}

async fn create_anew(server: &str, backend: DbBackend, name: &str) -> Result<(), DbErr> {
    drop_database(server, backend, name).await?;
    let connection = administer(server, backend).await?;
    // The oldest of defaults, which cannot hold a company's name: ours must not depend on it.
    let charset = if backend == DbBackend::MySql {
        " CHARACTER SET latin1"
    } else {
        ""
    };
    connection
        .execute_unprepared(&format!("CREATE DATABASE {name}{charset}"))
        .await?;
    connection.close().await
}

/// Drops it under whoever still has it open, a transaction of a handle that is gone among them.
async fn drop_database(server: &str, backend: DbBackend, name: &str) -> Result<(), DbErr> {
    let connection = administer(server, backend).await?;
    if backend == DbBackend::Postgres {
        connection
            .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        return connection.close().await;
    }
    kill_users(&connection, name).await?;
    connection
        .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}"))
        .await?;
    connection.close().await
}

async fn kill_users(connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let users = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    for row in connection
        .query_all_raw(Statement::from_string(DbBackend::MySql, users))
        .await?
    {
        let user: i64 = row.try_get_by_index(0)?;
        // It may be gone by itself.
        let _ = connection.execute_unprepared(&format!("KILL {user}")).await;
    }
    Ok(())
}

async fn administer(server: &str, backend: DbBackend) -> Result<DatabaseConnection, DbErr> {
    let always_there = if backend == DbBackend::MySql {
        "information_schema"
    } else {
        "postgres"
    };
    connect(&format!("{server}/{always_there}")).await
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = pool(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}

/// Options of a pool that nobody tends. The task by which sqlx closes connections of a certain age can read a counter
/// that has just gone below zero; it then spins for ever, and the runtime it is on never ends.
#[must_use]
pub fn pool(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    options
}
