//! The revocation log and its counter.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counter = Table::create()
            .table("wecom_counter")
            .if_not_exists()
            .col(ColumnDef::new("id").big_integer().not_null().primary_key())
            .col(ColumnDef::new("value").big_integer().not_null())
            .to_owned();
        manager.create_table(counter).await?;
        let end = Table::create()
            .table("wecom_end")
            .if_not_exists()
            .col(
                ColumnDef::new("number")
                    .big_integer()
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new("mark").big_integer().not_null())
            .col(ColumnDef::new("suite_id").var_binary(64))
            .col(ColumnDef::new("corp_id").var_binary(64))
            .col(ColumnDef::new("user_id").var_binary(512))
            .col(ColumnDef::new("token_hash").var_binary(64))
            .col(ColumnDef::new("authorization_epoch").big_integer())
            .col(ColumnDef::new("epoch").big_integer())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .to_owned();
        manager.create_table(end).await
    }
}
