//! When WeCom said that a member has no interface license.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
        if manager.has_column("wecom_person", "unlicensed_at").await? {
            return Ok(());
        }
        let column = ColumnDef::new("unlicensed_at").big_integer().to_owned();
        let table = Table::alter()
            .table("wecom_person")
            .add_column(column)
            .to_owned();
        manager.alter_table(table).await
    }
}
