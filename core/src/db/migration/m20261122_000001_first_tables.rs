//! The first tables.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            index.create(manager).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("wecom_suite")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("ticket").blob())
            .col(ColumnDef::new("ticket_time").big_integer())
            .col(ColumnDef::new("ticket_at").big_integer())
            .col(ColumnDef::new("ticket_record").big_integer())
            .col(ColumnDef::new("ticket_refused").boolean().not_null())
            .primary_key(Index::create().col("suite_id"))
            .to_owned(),
        Table::create()
            .table("wecom_authorization")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_name").text().not_null())
            .col(ColumnDef::new("agent_id").big_integer())
            .col(ColumnDef::new("permanent_code").blob())
            .col(ColumnDef::new("status").string_len(16).not_null())
            .col(ColumnDef::new("broken_by").big_integer())
            .col(ColumnDef::new("broken_at").big_integer())
            .col(ColumnDef::new("epoch").big_integer().not_null())
            .col(ColumnDef::new("secret_version").big_integer().not_null())
            .col(ColumnDef::new("event_time").big_integer().not_null())
            .col(ColumnDef::new("changed_at").big_integer().not_null())
            .col(ColumnDef::new("read_at").big_integer())
            .col(ColumnDef::new("read_due_at").big_integer().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(Index::create().col("suite_id").col("corp_id"))
            .to_owned(),
        Table::create()
            .table("wecom_access_token")
            .if_not_exists()
            .col(ColumnDef::new("id").var_binary(64).not_null())
            .col(ColumnDef::new("suite_id").var_binary(64))
            .col(ColumnDef::new("corp_id").var_binary(64))
            .col(ColumnDef::new("value").blob().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("fetched_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .to_owned(),
        Table::create()
            .table("wecom_organization_code")
            .if_not_exists()
            .col(ColumnDef::new("code").var_binary(64).not_null())
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("spelling").string_len(64).not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(Index::create().col("code"))
            .to_owned(),
        Table::create()
            .table("wecom_person")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("user_id").var_binary(512).not_null())
            .col(ColumnDef::new("epoch").big_integer().not_null())
            .col(ColumnDef::new("ended_at").big_integer())
            .col(ColumnDef::new("visible_at").big_integer())
            .col(ColumnDef::new("name").text())
            .col(ColumnDef::new("avatar").text())
            .col(ColumnDef::new("email").text())
            .col(ColumnDef::new("mobile").text())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(
                Index::create()
                    .col("suite_id")
                    .col("corp_id")
                    .col("user_id"),
            )
            .to_owned(),
        Table::create()
            .table("wecom_user")
            .if_not_exists()
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("user_id").var_binary(512).not_null())
            .col(ColumnDef::new("local_id").string_len(255).not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(
                Index::create()
                    .col("suite_id")
                    .col("corp_id")
                    .col("user_id"),
            )
            .to_owned(),
        Table::create()
            .table("wecom_login_code")
            .if_not_exists()
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("user_id").var_binary(512).not_null())
            .col(ColumnDef::new("local_id").string_len(255).not_null())
            .col(ColumnDef::new("instance").string_len(255).not_null())
            .col(ColumnDef::new("login_type").string_len(16).not_null())
            .col(ColumnDef::new("person_epoch").big_integer().not_null())
            .col(
                ColumnDef::new("authorization_epoch")
                    .big_integer()
                    .not_null(),
            )
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .col(ColumnDef::new("used_at").big_integer())
            .primary_key(Index::create().col("hash"))
            .to_owned(),
        Table::create()
            .table("wecom_session")
            .if_not_exists()
            .col(ColumnDef::new("id").string_len(64).not_null())
            .col(
                ColumnDef::new("token_hash")
                    .var_binary(64)
                    .not_null()
                    .unique_key(),
            )
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64).not_null())
            .col(ColumnDef::new("user_id").var_binary(512).not_null())
            .col(ColumnDef::new("local_id").string_len(255).not_null())
            .col(ColumnDef::new("instance").string_len(255).not_null())
            .col(ColumnDef::new("platform").string_len(16).not_null())
            .col(ColumnDef::new("login_type").string_len(16).not_null())
            .col(ColumnDef::new("person_epoch").big_integer().not_null())
            .col(
                ColumnDef::new("authorization_epoch")
                    .big_integer()
                    .not_null(),
            )
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("last_seen_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .to_owned(),
        Table::create()
            .table("wecom_callback_record")
            .if_not_exists()
            .col(
                ColumnDef::new("id")
                    .big_integer()
                    .not_null()
                    .auto_increment()
                    .primary_key(),
            )
            .col(ColumnDef::new("suite_id").var_binary(64).not_null())
            .col(ColumnDef::new("corp_id").var_binary(64))
            .col(ColumnDef::new("event").string_len(64).not_null())
            .col(ColumnDef::new("status").string_len(16).not_null())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(ColumnDef::new("duplicates").integer().not_null())
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("payload").blob())
            .col(ColumnDef::new("received_at").big_integer().not_null())
            .col(ColumnDef::new("deadline").big_integer())
            .col(ColumnDef::new("due_at").big_integer().not_null())
            .col(ColumnDef::new("started_at").big_integer())
            .col(ColumnDef::new("exchanged").boolean().not_null())
            .col(ColumnDef::new("guessed").boolean().not_null())
            .col(ColumnDef::new("lease_owner").string_len(64))
            .col(ColumnDef::new("lease_until").big_integer())
            .col(ColumnDef::new("last_error").text())
            .col(ColumnDef::new("errcode").big_integer())
            .col(ColumnDef::new("hint").text())
            .to_owned(),
        Table::create()
            .table("wecom_callback_seen")
            .if_not_exists()
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("record_id").big_integer().not_null())
            .col(ColumnDef::new("seen_at").big_integer().not_null())
            .primary_key(Index::create().col("hash"))
            .to_owned(),
        Table::create()
            .table("wecom_data_key")
            .if_not_exists()
            .col(ColumnDef::new("id").var_binary(64).not_null())
            .col(ColumnDef::new("check_value").var_binary(64).not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .to_owned(),
    ]
}

fn indexes() -> Vec<TableIndex> {
    vec![
        TableIndex::new("organization_code", &["suite_id", "corp_id"]).unique(),
        TableIndex::new("session", &["suite_id", "corp_id", "user_id"]),
        TableIndex::new("session", &["last_seen_at"]),
        TableIndex::new("login_code", &["expires_at"]),
        TableIndex::new("authorization", &["read_due_at"]),
        TableIndex::new("callback_record", &["status", "due_at"]),
        TableIndex::new("callback_record", &["received_at"]),
        TableIndex::new("callback_seen", &["seen_at"]),
        TableIndex::new("callback_seen", &["record_id"]),
        TableIndex::new("user", &["local_id"]),
    ]
}
