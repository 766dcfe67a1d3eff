//! Leases on fetching access tokens.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("wecom_token_lease")
            .if_not_exists()
            .col(ColumnDef::new("id").var_binary(64).not_null())
            .col(ColumnDef::new("owner").string_len(64).not_null())
            .col(ColumnDef::new("until").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .to_owned();
        manager.create_table(table).await
    }
}
