//! Text that can be any text: MySQL gives tables the character set of their database, and Latin letters are the oldest
//! default.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

/// The tables that have columns of text. What is compared stands in columns of bytes, which stay as they are.
const TABLES: [&str; 7] = [
    "wecom_authorization",
    "wecom_callback_record",
    "wecom_login_code",
    "wecom_organization_code",
    "wecom_person",
    "wecom_session",
    "wecom_user",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::MySql {
            return Ok(());
        }
        for table in TABLES {
            let convert =
                format!("ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
            manager
                .get_connection()
                .execute_unprepared(&convert)
                .await?;
        }
        Ok(())
    }
}
