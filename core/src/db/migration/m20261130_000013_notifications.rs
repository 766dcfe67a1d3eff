//! What the host app is to be told of: by which link a corp authorized the app, and who did it.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in authorization_columns() {
            // MySQL has no IF NOT EXISTS for columns.
            if manager
                .has_column("wecom_authorization", column.get_column_name())
                .await?
            {
                continue;
            }
            let table = Table::alter()
                .table("wecom_authorization")
                .add_column(column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}

fn authorization_columns() -> [ColumnDef; 2] {
    [
        ColumnDef::new("state").string_len(128).to_owned(),
        ColumnDef::new("installed_by").var_binary(512).to_owned(),
    ]
}
