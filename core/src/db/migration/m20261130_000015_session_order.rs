//! The index of a member's sessions, in the order in which they are listed and ended.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = ["suite_id", "corp_id", "user_id", "created_at", "id"];
        TableIndex::new("session", &columns).create(manager).await?;
        // Its first columns are those of the new one.
        TableIndex::new("session", &["suite_id", "corp_id", "user_id"])
            .drop(manager)
            .await
    }
}
