//! Literals in statements, and what a database contains.

use sea_orm::DbBackend;

use super::TestDatabase;

impl TestDatabase {
    /// An id as a literal of bytes in a statement.
    #[must_use]
    pub fn literal(&self, id: &str) -> String {
        self.literal_bytes(id.as_bytes())
    }

    /// Bytes as a literal in a statement.
    #[must_use]
    pub fn literal_bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.backend {
            DbBackend::Postgres => format!("'\\x{hex}'::bytea"),
            _ => format!("X'{hex}'"),
        }
    }

    /// An expression that gives a column of bytes as text.
    #[must_use]
    pub fn text_of(&self, column: &str) -> String {
        match self.backend {
            DbBackend::Postgres => format!("convert_from({column}, 'UTF8')"),
            DbBackend::MySql => format!("CONVERT({column} USING utf8mb4)"),
            _ => format!("CAST({column} AS TEXT)"),
        }
    }

    /// Whether the database contains this text unencrypted; in a file also where rows have been deleted.
    pub async fn contains(&self, words: &str) -> bool {
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
}
