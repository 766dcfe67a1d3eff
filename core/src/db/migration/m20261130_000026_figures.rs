//! The index of the figures of the overview: entries of the audit by action and time, with their number.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // It has the number, too, so that a day of logins is counted without a look at its rows.
        let index = TableIndex::new("audit", &["action", "at", "occurrences"]);
        index.create(manager).await
    }
}
