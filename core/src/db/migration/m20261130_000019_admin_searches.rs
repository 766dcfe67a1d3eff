//! Indexes of the operator's searches: people by user, userid and name, records by event and corp.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in [
            TableIndex::new("session", &["local_id"]),
            TableIndex::new("person", &["user_id"]),
            TableIndex::new("callback_record", &["event", "id"]),
            TableIndex::new("callback_record", &["corp_id", "id"]),
        ] {
            index.create(manager).await?;
        }
        create_name_index(manager).await
    }
}

/// A text of any length needs an index of its own in each database, one that a search for a beginning can use.
async fn create_name_index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const NAME: &str = "idx_wecom_person_name";
    let sql = match manager.get_database_backend() {
        DbBackend::MySql => {
            if manager.has_index("wecom_person", NAME).await? {
                return Ok(());
            }
            "CREATE INDEX idx_wecom_person_name ON wecom_person (name(64))"
        }
        DbBackend::Postgres => {
            "CREATE INDEX IF NOT EXISTS idx_wecom_person_name ON wecom_person (name text_pattern_ops)"
        }
        _ => "CREATE INDEX IF NOT EXISTS idx_wecom_person_name ON wecom_person (name)",
    };
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
