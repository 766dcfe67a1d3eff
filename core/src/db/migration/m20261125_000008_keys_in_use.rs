//! When a data key was last the primary of a process, so that a key in use is not retired.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
        if manager.has_column("wecom_data_key", "used_at").await? {
            return Ok(());
        }
        let used_at = ColumnDef::new("used_at")
            .big_integer()
            .not_null()
            .default(0)
            .to_owned();
        let table = Table::alter()
            .table("wecom_data_key")
            .add_column(used_at)
            .to_owned();
        manager.alter_table(table).await
    }
}
