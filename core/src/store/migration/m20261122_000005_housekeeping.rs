//! Whose turn it is to remove what is over, and the indexes by which it is found.

use sea_orm_migration::prelude::*;

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
        manager.create_index(index("session", &["expires_at"])).await?;
        manager.create_index(index("callback_record", &["suite_id", "status", "id"])).await
    }
}

fn index(table: &str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index
        .name(format!("idx_wecom_{table}_{}", columns.join("_")))
        .table(format!("wecom_{table}"))
        .if_not_exists();
    for column in columns {
        index.col(*column);
    }
    index.to_owned()
}
