//! The audit: who did what.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;
use crate::db::migration::m20261122_000004_unicode as unicode;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(audit()).await?;
        for columns in [
            &["at"][..],
            &["who", "id"],
            &["action", "id"],
            &["corp_id", "id"],
            &["user_id"],
        ] {
            TableIndex::new("audit", columns).create(manager).await?;
        }
        // On MySQL a new table has the character set of its database, which may be latin1.
        unicode::convert(manager, "wecom_audit").await
    }
}

fn audit() -> TableCreateStatement {
    Table::create()
        .table("wecom_audit")
        .if_not_exists()
        .col(
            ColumnDef::new("id")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("action").string_len(32).not_null())
        .col(ColumnDef::new("actor").string_len(16).not_null())
        .col(ColumnDef::new("who").string_len(255))
        .col(ColumnDef::new("suite_id").var_binary(64))
        .col(ColumnDef::new("corp_id").var_binary(64))
        .col(ColumnDef::new("user_id").var_binary(512))
        .col(ColumnDef::new("client").string_len(64))
        .col(ColumnDef::new("code").string_len(48))
        .col(ColumnDef::new("detail").string_len(255))
        .col(ColumnDef::new("occurrences").big_integer().not_null())
        .to_owned()
}
