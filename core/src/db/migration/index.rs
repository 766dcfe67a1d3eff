//! Indexes that are made once, also after a start that died half-way: MySQL knows no IF NOT EXISTS for them.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

/// The index of a table of ours over these columns.
pub(super) struct TableIndex {
    table: String,
    name: String,
    statement: IndexCreateStatement,
}

impl TableIndex {
    /// `table` is named without our prefix.
    pub(super) fn new(table: &str, columns: &[&'static str]) -> Self {
        let (name, table) = (
            format!("idx_wecom_{table}_{}", columns.join("_")),
            format!("wecom_{table}"),
        );
        let mut statement = Index::create();
        statement
            .name(name.clone())
            .table(table.clone())
            .if_not_exists();
        for column in columns {
            statement.col(*column);
        }
        Self {
            table,
            name,
            statement: statement.to_owned(),
        }
    }

    pub(super) fn unique(mut self) -> Self {
        self.statement.unique();
        self
    }

    pub(super) async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::MySql
            && manager.has_index(&self.table, &self.name).await?
        {
            return Ok(());
        }
        manager.create_index(self.statement).await
    }
}
