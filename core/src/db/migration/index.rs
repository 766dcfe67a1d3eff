//! Indexes that are created once, even if a migration was aborted half-way: MySQL has no IF NOT EXISTS for them.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

/// An index of one of our tables.
pub(super) struct TableIndex {
    table: String,
    name: String,
    statement: IndexCreateStatement,
}

impl TableIndex {
    /// An index over these columns; `table` is without the prefix `wecom_`.
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

    /// Makes the index unique.
    pub(super) fn unique(mut self) -> Self {
        self.statement.unique();
        self
    }

    /// Drops the index, if it exists.
    pub(super) async fn drop(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if !manager.has_index(&self.table, &self.name).await? {
            return Ok(());
        }
        let statement = Index::drop().name(self.name).table(self.table).to_owned();
        manager.drop_index(statement).await
    }

    /// Creates the index, unless it exists.
    pub(super) async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::MySql
            && manager.has_index(&self.table, &self.name).await?
        {
            return Ok(());
        }
        manager.create_index(self.statement).await
    }
}
