//! The confirmation of an authorization's end, members whose visibility is to be asked, and what stays of a corp that
//! is erased.

use sea_orm_migration::prelude::*;

use crate::db::migration::index::TableIndex;

#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

/// Nullable columns of times.
const COLUMNS: [(&str, &str); 7] = [
    ("wecom_authorization", "code_event_time"),
    ("wecom_authorization", "end_confirmed_at"),
    ("wecom_authorization", "end_contradicted_at"),
    ("wecom_authorization", "end_held_at"),
    ("wecom_authorization", "unannounced_end_at"),
    ("wecom_authorization", "visibility_due_at"),
    ("wecom_person", "visibility_due_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name) in COLUMNS {
            // MySQL has no IF NOT EXISTS for columns.
            if manager.has_column(table, name).await? {
                continue;
            }
            let column = ColumnDef::new(name).big_integer().to_owned();
            let table = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in [
            TableIndex::new("authorization", &["visibility_due_at"]),
            TableIndex::new("person", &["visibility_due_at"]),
            TableIndex::new("departed_member", &["corp_hash"]),
            TableIndex::new("departed_member", &["departed_at"]),
            TableIndex::new("departed_corp", &["departed_at"]),
        ] {
            index.create(manager).await?;
        }
        Ok(())
    }
}

fn tables() -> [TableCreateStatement; 3] {
    [
        Table::create()
            .table("wecom_departed_corp")
            .if_not_exists()
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("organization_code").var_binary(64))
            .col(ColumnDef::new("departed_at").big_integer().not_null())
            .primary_key(Index::create().col("hash"))
            .to_owned(),
        Table::create()
            .table("wecom_departed_member")
            .if_not_exists()
            .col(ColumnDef::new("hash").var_binary(64).not_null())
            .col(ColumnDef::new("corp_hash").var_binary(64).not_null())
            // As bytes: a table that is created after the conversion to utf8mb4 has the character set of its database.
            .col(ColumnDef::new("local_id").var_binary(1024).not_null())
            .col(ColumnDef::new("departed_at").big_integer())
            .primary_key(Index::create().col("hash"))
            .to_owned(),
        Table::create()
            .table("wecom_hash_key")
            .if_not_exists()
            .col(ColumnDef::new("id").var_binary(64).not_null())
            .col(ColumnDef::new("value").blob().not_null())
            .primary_key(Index::create().col("id"))
            .to_owned(),
    ]
}
