//! When a member left the corp, until the binding is deleted.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
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
