//! Text columns in utf8mb4: on MySQL a table has the character set of its database, whose default was latin1.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

/// The tables that have text columns. Columns that are compared hold bytes and are not converted.
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
        for table in TABLES {
            convert(manager, table).await?;
        }
        Ok(())
    }
}

/// Converts a table to utf8mb4 where its text is not in it: on MySQL.
pub(super) async fn convert(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        return Ok(());
    }
    let convert =
        format!("ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    let converted = manager.get_connection().execute_unprepared(&convert).await;
    converted.map(drop)
}
