//! Where a used state led to that stopped at a page of the host app, so that a browser that asks again gets there, too.

use sea_orm_migration::prelude::*;

use super::m20261122_000004_unicode as unicode;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL has no IF NOT EXISTS for columns.
        if !manager.has_column("wecom_spent_state", "link").await? {
            let column = ColumnDef::new("link").text().to_owned();
            let table = Table::alter()
                .table("wecom_spent_state")
                .add_column(column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        // The table had no text until now.
        unicode::convert(manager, "wecom_spent_state").await
    }
}
