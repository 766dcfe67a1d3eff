//! The name and the scopes of a machine that has a session.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL stores text as the table's character set says, which a table of the host app's defaults may not be.
        let utf8 = match manager.get_database_backend() {
            sea_orm::DbBackend::MySql => "CHARACTER SET utf8mb4",
            _ => "",
        };
        for (name, length) in [("machine_name", 64), ("machine_scopes", 1024)] {
            // MySQL has no IF NOT EXISTS for columns.
            if manager.has_column("wecom_session", name).await? {
                continue;
            }
            let sql =
                format!("ALTER TABLE wecom_session ADD COLUMN {name} VARCHAR({length}) {utf8}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}
