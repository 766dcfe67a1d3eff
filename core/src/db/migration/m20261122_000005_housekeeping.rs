//! The row by which nodes agree on who runs housekeeping, and the indexes that it uses.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("wecom_housekeeping")
            .if_not_exists()
            .col(ColumnDef::new("id").big_integer().not_null().primary_key())
            .col(ColumnDef::new("due_at").big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        for index in [
            TableIndex::new("session", &["expires_at"]),
            TableIndex::new("callback_record", &["suite_id", "status", "id"]),
            // A workbench login names a corp and often no suite.
            TableIndex::new("authorization", &["corp_id"]),
        ] {
            index.create(manager).await?;
        }
        Ok(())
    }
}
