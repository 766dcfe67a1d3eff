//! The session_key of the mini program that a session was made from.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
        if manager
            .has_column("wecom_session", "mini_program_key")
            .await?
        {
            return Ok(());
        }
        let column = ColumnDef::new("mini_program_key").blob().to_owned();
        let table = Table::alter()
            .table("wecom_session")
            .add_column(column)
            .to_owned();
        manager.alter_table(table).await
    }
}
