//! The steps from one version of the tables to the next, kept in a table of their own.
#![allow(
    elided_lifetimes_in_paths,
    reason = "the trait of sea-orm-migration is written so"
)]

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, Statement,
};
use sea_orm_migration::prelude::*;

use crate::error::{Error, ErrorKind, Result};

mod index;
mod m20261122_000001_first_tables;
mod m20261122_000002_ends;
mod m20261122_000003_spent_states;
mod m20261122_000004_unicode;
mod m20261122_000005_housekeeping;
mod m20261122_000006_token_leases;
mod m20261125_000007_leavers;
mod m20261125_000008_keys_in_use;

/// Our migrations. A host app's own migrator may work in the same database: the two keep separate books.
#[derive(Debug)]
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_first_tables::Migration),
            Box::new(m20261122_000002_ends::Migration),
            Box::new(m20261122_000003_spent_states::Migration),
            Box::new(m20261122_000004_unicode::Migration),
            Box::new(m20261122_000005_housekeeping::Migration),
            Box::new(m20261122_000006_token_leases::Migration),
            Box::new(m20261125_000007_leavers::Migration),
            Box::new(m20261125_000008_keys_in_use::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "wecom_migration".into_iden()
    }
}

/// Brings the tables up to date, one node at a time: neither sea-orm-migration nor MySQL sees to that.
pub(super) async fn run_pending(database: &DatabaseConnection) -> Result<()> {
    // Steps that we do not know are of a later version, whose nodes run beside ours. The migrator would not have them.
    if missing(database).await? == 0 {
        return Ok(());
    }
    let backend = database.get_database_backend();
    // On MySQL each step commits by itself; the transaction is there for its one connection, which holds the lock.
    let transaction = crate::db::begin_write(database).await?;
    match backend {
        DbBackend::Postgres => {
            run(&transaction, "SELECT pg_advisory_xact_lock(8532674019)").await?
        }
        DbBackend::MySql => {
            let lock = Statement::from_string(
                backend,
                "SELECT GET_LOCK('wecom_login_migration', 60) AS locked",
            );
            let row = transaction.query_one_raw(lock).await?;
            if row.and_then(|row| row.try_get::<Option<i64>>("", "locked").ok().flatten())
                != Some(1)
            {
                return Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    "another node is migrating for over a minute",
                ));
            }
        }
        _ => {}
    }
    let done = match missing(&transaction).await {
        // Another node did it while we waited.
        Ok(0) => Ok(()),
        Ok(_) => Migrator::up(&transaction, None).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    if backend == DbBackend::MySql {
        run(&transaction, "DO RELEASE_LOCK('wecom_login_migration')").await?;
    }
    done?;
    transaction.commit().await?;
    Ok(())
}

/// For the tests of this workspace: the tables as these first steps leave them, which is how an older version had them.
///
/// # Errors
/// `STORE_UNAVAILABLE`.
#[cfg(feature = "failpoints")]
pub async fn first_steps(database: &DatabaseConnection, steps: u32) -> Result<()> {
    Migrator::up(database, Some(steps)).await?;
    Ok(())
}

/// For a database account that may not change tables: they have to be up to date already.
pub(super) async fn require_up_to_date(database: &DatabaseConnection) -> Result<()> {
    let missing = missing(database).await?;
    if missing == 0 {
        return Ok(());
    }
    let detail = format!(
        "{missing} migrations are missing: start once with an account that may change tables"
    );
    Err(Error::new(ErrorKind::Config, detail))
}

/// How many of our steps are still to be done. Not by the migrator, which would make its own table first.
async fn missing<'c>(database: impl IntoSchemaManagerConnection<'c>) -> Result<usize> {
    let manager = SchemaManager::new(database);
    let done = if manager.has_table("wecom_migration").await? {
        let sql = "SELECT version FROM wecom_migration";
        let versions = Statement::from_string(manager.get_database_backend(), sql);
        let versions = manager.get_connection().query_all_raw(versions).await?;
        versions
            .iter()
            .map(|row| row.try_get("", "version"))
            .collect::<std::result::Result<_, _>>()?
    } else {
        Vec::<String>::new()
    };
    let is_done = |name: &str| done.iter().any(|done| done == name);
    Ok(Migrator::migrations()
        .iter()
        .filter(|step| !is_done(step.name()))
        .count())
}

async fn run(transaction: &DatabaseTransaction, sql: &str) -> Result<()> {
    let statement = Statement::from_string(transaction.get_database_backend(), sql);
    transaction.execute_raw(statement).await?;
    Ok(())
}
