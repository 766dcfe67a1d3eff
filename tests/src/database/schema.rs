//! The tables of a database, and their schema.

use sea_orm::DbBackend;

use super::TestDatabase;

impl TestDatabase {
    /// Our tables, each with its columns as expressions that give text.
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

    /// Our columns with their types, and our indexes: sorted, a line each.
    pub async fn schema(&self) -> Vec<String> {
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
        let mut schema = self.texts(statements[0]).await;
        schema.extend(self.texts(statements[1]).await);
        schema
    }
}
