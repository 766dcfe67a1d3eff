//! The nodes on this database, and when each was seen.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("wecom_node")
            .if_not_exists()
            .col(ColumnDef::new("id").string_len(32).not_null().primary_key())
            .col(ColumnDef::new("version").string_len(32).not_null())
            .col(ColumnDef::new("started_at").big_integer().not_null())
            .col(ColumnDef::new("seen_at").big_integer().not_null())
            .to_owned();
        manager.create_table(table).await
    }
}
