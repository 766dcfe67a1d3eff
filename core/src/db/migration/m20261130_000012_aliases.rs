//! The other ids of corps and of their members, and when the members of a corp were moved to encrypted ids.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let corps = Table::create()
            .table("wecom_corp_alias")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("alias_corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(Index::create().col("suite_id").col("alias_corp_id"))
            .to_owned();
        manager.create_table(corps).await?;
        TableIndex::new("corp_alias", &["suite_id", "corp_id"])
            .create(manager)
            .await?;
        let members = Table::create()
            .table("wecom_person_alias")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("alias_user_id").var_binary(512).not_null())
            .col(ColumnDef::new("user_id").var_binary(512).not_null())
            .col(ColumnDef::new("pending").boolean().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(
                Index::create()
                    .col("suite_id")
                    .col("corp_id")
                    .col("alias_user_id"),
            )
            .to_owned();
        manager.create_table(members).await?;
        // MySQL has no IF NOT EXISTS for columns.
        if manager
            .has_column("wecom_authorization", "ids_moved_at")
            .await?
        {
            return Ok(());
        }
        let ids_moved_at = ColumnDef::new("ids_moved_at").big_integer().to_owned();
        let table = Table::alter()
            .table("wecom_authorization")
            .add_column(ids_moved_at)
            .to_owned();
        manager.alter_table(table).await
    }
}
