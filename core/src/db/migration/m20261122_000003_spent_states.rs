//! The used states of browser logins.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("wecom_spent_state")
            .if_not_exists()
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("hash"))
            .to_owned();
        manager.create_table(table).await?;
        TableIndex::new("spent_state", &["expires_at"])
            .create(manager)
            .await
    }
}
