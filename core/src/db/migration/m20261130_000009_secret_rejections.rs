//! Wrong secrets, for all nodes; what WeCom said of each permanent code; the pauses and the backoff of re-reads.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let attempts = Table::create()
            .table("wecom_secret_attempt")
            .if_not_exists()
            .col(
                ColumnDef::new("id")
                    .big_integer()
                    .not_null()
                    .auto_increment()
                    .primary_key(),
            )
            .col(ColumnDef::new("secret").var_binary(64).not_null())
            .col(ColumnDef::new("kind").string_len(16).not_null())
            .col(ColumnDef::new("rejected").boolean().not_null())
            .col(ColumnDef::new("at").big_integer().not_null())
            .col(ColumnDef::new("retry_at").big_integer())
            .to_owned();
        manager.create_table(attempts).await?;
        TableIndex::new("secret_attempt", &["secret"])
            .create(manager)
            .await?;
        let pauses = Table::create()
            .table("wecom_api_pause")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(128).not_null())
            .col(ColumnDef::new("api").string_len(64).not_null())
            .col(ColumnDef::new("errcode").big_integer().not_null())
            .col(ColumnDef::new("probes").integer().not_null())
            .col(ColumnDef::new("since").big_integer().not_null())
            .col(ColumnDef::new("probe_at").big_integer().not_null())
            .primary_key(Index::create().col("suite_id").col("api"))
            .to_owned();
        manager.create_table(pauses).await?;
        let columns = [
            ColumnDef::new("accepted_version").big_integer().to_owned(),
            ColumnDef::new("rejected_version").big_integer().to_owned(),
            ColumnDef::new("switched_off_at").big_integer().to_owned(),
            ColumnDef::new("read_failures").integer().to_owned(),
        ];
        for column in columns {
            let name = column.get_column_name();
            // MySQL has no IF NOT EXISTS for columns.
            if manager.has_column("wecom_authorization", &name).await? {
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
