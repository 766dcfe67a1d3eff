//! People who left, until their binding has ended.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL knows no IF NOT EXISTS for columns.
        if manager.has_column("wecom_person", "left_at").await? {
            return Ok(());
        }
        let left_at = ColumnDef::new("left_at").big_integer().to_owned();
        let table = Table::alter()
            .table("wecom_person")
            .add_column(left_at)
            .to_owned();
        manager.alter_table(table).await
    }
}
