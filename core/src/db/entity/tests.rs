//! The handbook's page on personal data against the tables as the migrations make them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::clock::ManualClock;
use crate::db::{Pool, Store};

const PAGES: [&str; 2] = [
    include_str!("../../../docs/personal-data.md"),
    include_str!("../../../docs/zh/personal-data.md"),
];

/// Columns that lead to a person, or may: ids of people, the profile, what the binder says, clients' addresses, events.
const PERSONAL_COLUMNS: [&str; 14] = [
    "alias_user_id",
    "attributes",
    "avatar",
    "client",
    "email",
    "installed_by",
    "link",
    "local_id",
    "mini_program_key",
    "mobile",
    "name",
    "payload",
    "user_id",
    "who",
];

async fn query(pool: &Pool, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = pool.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "name").unwrap())
        .collect()
}

/// The columns that the second cell of each row names, by the table in its first.
fn rows(page: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    page.lines()
        .filter(|line| line.starts_with("| `wecom_"))
        .filter_map(|line| {
            let mut cells = line.split('|').skip(1);
            let table = words(cells.next()?).next()?;
            Some((table, words(cells.next()?).collect()))
        })
        .collect()
}

/// The texts between backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[tokio::test]
async fn page_on_personal_data_names_every_table_and_personal_column() {
    let pool = Pool::connect("sqlite::memory:").await.unwrap();
    Store::open(pool.clone(), Arc::new(ManualClock::starting_now()), true)
        .await
        .unwrap();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'wecom_%'";
    let tables = query(&pool, sql).await;
    assert!(tables.len() > 20, "{tables:?}");
    for page in PAGES {
        let rows = rows(page);
        for table in &tables {
            assert!(
                page.contains(&format!("`{table}`")),
                "{table} is not on the page"
            );
            let columns = query(
                &pool,
                &format!("SELECT name FROM pragma_table_info('{table}')"),
            )
            .await;
            let named = rows.get(table.as_str());
            for column in columns
                .iter()
                .filter(|column| PERSONAL_COLUMNS.contains(&column.as_str()))
            {
                let is_named = named.is_some_and(|row| row.contains(column.as_str()));
                assert!(is_named, "{column} of {table} is not on the page");
            }
            for column in named.into_iter().flatten() {
                let is_there = columns.iter().any(|known| known == column);
                assert!(is_there, "{table} has no {column}");
            }
        }
    }
}
