//! Which session a used state and a used login code led to, so that a browser that asks again gets the same one.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            // MySQL has no IF NOT EXISTS for columns.
            if manager.has_column(table, column.get_column_name()).await? {
                continue;
            }
            let table = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}

/// Nullable: nodes of the previous version do not write them.
fn columns() -> [(&'static str, ColumnDef); 3] {
    let token_hash = || ColumnDef::new("token_hash").var_binary(64).to_owned();
    [
        ("wecom_spent_state", token_hash()),
        (
            "wecom_spent_state",
            ColumnDef::new("used_at").big_integer().to_owned(),
        ),
        ("wecom_login_code", token_hash()),
    ]
}
