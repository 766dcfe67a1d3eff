//! The index by which each lane of the inbox finds its records, and the attempts that did not spend an AuthCode.

use sea_orm_migration::prelude::*;

use super::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TableIndex::new("callback_record", &["status", "event", "due_at"])
            .create(manager)
            .await?;
        // MySQL has no IF NOT EXISTS for columns.
        if manager
            .has_column("wecom_callback_record", "unspent_attempts")
            .await?
        {
            return Ok(());
        }
        // Nodes of an older version insert records without it.
        let unspent_attempts = ColumnDef::new("unspent_attempts")
            .integer()
            .not_null()
            .default(0)
            .to_owned();
        let table = Table::alter()
            .table("wecom_callback_record")
            .add_column(unspent_attempts)
            .to_owned();
        manager.alter_table(table).await
    }
}
