//! A look into a node's database.

use std::path::PathBuf;

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

use super::{Node, database_file};

impl Node {
    /// Carries a statement out on the node's database.
    pub async fn execute(&self, sql: &str) {
        self.database().await.execute_unprepared(sql).await.expect("a statement");
    }

    /// Keeps everyone else from writing to the database until the connection is closed or told `ROLLBACK`.
    pub async fn locked(&self) -> DatabaseConnection {
        let database = self.database().await;
        database.execute_unprepared("BEGIN EXCLUSIVE").await.expect("the lock");
        database
    }

    /// A connection of the test's own to the node's database.
    pub async fn database(&self) -> DatabaseConnection {
        let url = format!("sqlite://{}", self.database_file().display());
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.expect("the database opens")
    }

    /// The number that a statement answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let row = self.database().await.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
        row.expect("a statement").expect("a row").try_get_by_index(0).expect("a number")
    }

    /// The file of the database.
    #[must_use]
    pub fn database_file(&self) -> PathBuf {
        database_file(self.dir.path())
    }
}
