//! What the host app's binder says of a user, and in which version.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ColumnDef::new("attributes").text().to_owned(),
            ColumnDef::new("attributes_version")
                .big_integer()
                .not_null()
                .default(0)
                .to_owned(),
        ];
        for mut column in columns {
            // MySQL has no IF NOT EXISTS for columns.
            let name = column.get_column_name().to_owned();
            if manager.has_column("wecom_person", &name).await? {
                continue;
            }
            let table = Table::alter()
                .table("wecom_person")
                .add_column(&mut column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
