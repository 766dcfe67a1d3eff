//! How the person of a login code was proven.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
        if manager.has_column("wecom_login_code", "proof").await? {
            return Ok(());
        }
        let table = Table::alter()
            .table("wecom_login_code")
            .add_column(ColumnDef::new("proof").string_len(16).to_owned())
            .to_owned();
        manager.alter_table(table).await
    }
}
