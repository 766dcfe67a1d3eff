//! [`TestDatabase`]: an SQLite file, or a database of its own on the server in `TEST_DATABASE_SERVER`
//! (`postgres://user@host`, `mysql://user@host`).

mod content;
mod faults;
mod schema;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement,
};

pub use self::faults::WriteLock;
use self::server::{connect, drop_database, recreate};

/// The variable with the server's URL; without it every test has an SQLite file.
pub const SERVER_VARIABLE: &str = "TEST_DATABASE_SERVER";

static CREATED: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this.
pub struct TestDatabase {
    backend: DbBackend,
    url: String,
    /// The server and the name of the database.
    on_server: Option<(String, String)>,
    file: PathBuf,
}

impl TestDatabase {
    /// An empty database; an SQLite file is created in `directory`.
    ///
    /// # Panics
    /// The server does not answer.
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
        recreate(&server, backend, &name)
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

    /// An SQLite file in `directory`, whatever the server. It is created when it is first opened for writing.
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

    /// Its kind.
    #[must_use]
    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// A connection for the test.
    pub async fn connect(&self) -> DatabaseConnection {
        // On the heap: rustc limits the depth of a future's type, and a driver's is deep.
        let connection = Box::pin(connect(&self.url)).await;
        connection.expect("the database opens")
    }

    /// A pool for the test, as a host app has one.
    pub async fn connect_pool(&self, connections: u32) -> DatabaseConnection {
        let mut options = pool(&self.url);
        options.max_connections(connections).sqlx_logging(false);
        Database::connect(options)
            .await
            .expect("the database opens")
    }

    /// Executes a statement.
    pub async fn execute(&self, sql: &str) {
        let connection = self.connect().await;
        Box::pin(connection.execute_unprepared(sql))
            .await
            .expect("a statement");
    }

    /// The number that a statement gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = self.connect().await;
        let row =
            Box::pin(connection.query_one_raw(Statement::from_string(self.backend, sql))).await;
        let row = row.expect("a statement").expect("a row");
        // PostgreSQL tells the widths of integers apart.
        row.try_get_by_index(0)
            .or_else(|_| row.try_get_by_index::<i32>(0).map(i64::from))
            .expect("a number")
    }

    /// A text as a literal of bytes, which is how ids are stored.
    #[must_use]
    pub fn bytes(&self, text: &str) -> String {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        match self.backend {
            DbBackend::Postgres => format!("decode('{hex}', 'hex')"),
            _ => format!("X'{hex}'"),
        }
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
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.on_server.take() else {
            return;
        };
        let backend = self.backend;
        // On another thread with its own runtime: a drop cannot block on the runtime that it runs on.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| runtime.block_on(drop_database(&server, backend, &name)))
        });
        // A database that is left behind is dropped by the next process with this id.
        let _ = dropped.join();
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Options of a pool without sqlx's reaper task, which can busy-loop and then blocks the shutdown of its runtime (sqlx
/// 0.9.0).
#[must_use]
pub fn pool(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    options
}
