//! What is stored for the host app: notifications, and by which link a corp authorized the app, and who did it.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

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
        manager.create_table(notifications()).await?;
        for columns in [&["kind", "due_at"][..], &["suite_id", "corp_id"]] {
            TableIndex::new("notification", columns)
                .create(manager)
                .await?;
        }
        Ok(())
    }
}

fn notifications() -> TableCreateStatement {
    Table::create()
        .table("wecom_notification")
        .if_not_exists()
        .col(
            ColumnDef::new("id")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("kind").string_len(32).not_null())
        .col(ColumnDef::new("suite_id").var_binary(64).not_null())
        .col(ColumnDef::new("corp_id").var_binary(64))
        .col(ColumnDef::new("seal_key").var_binary(16).not_null())
        .col(ColumnDef::new("payload").blob().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .to_owned()
}

fn authorization_columns() -> [ColumnDef; 2] {
    [
        ColumnDef::new("state").string_len(128).to_owned(),
        ColumnDef::new("installed_by").var_binary(512).to_owned(),
    ]
}
