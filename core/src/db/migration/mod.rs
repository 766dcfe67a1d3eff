//! Migrations of the tables. Those that were applied are recorded in `wecom_migration`.
#![allow(
    elided_lifetimes_in_paths,
    reason = "sea-orm-migration declares its trait that way"
)]

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement};
use sea_orm_migration::prelude::*;

use crate::db::Pool;
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
mod m20261130_000009_secret_rejections;
mod m20261130_000010_record_lanes;
mod m20261130_000011_confirmed_ends;
mod m20261130_000012_aliases;
mod m20261130_000013_notifications;
mod m20261130_000014_login_proofs;
mod m20261130_000015_session_order;
mod m20261130_000016_repeated_logins;
mod m20261130_000017_mini_program_keys;
mod m20261130_000018_licences;
mod m20261130_000019_admin_searches;
mod m20261130_000020_audit;
mod m20261130_000021_nodes;
mod m20261130_000022_attributes;
mod m20261130_000023_links;
mod m20261130_000024_machines;
mod m20261130_000026_figures;

/// Our migrations. A host app may have migrations of its own in the same database: each has its own migration table.
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
            Box::new(m20261130_000009_secret_rejections::Migration),
            Box::new(m20261130_000010_record_lanes::Migration),
            Box::new(m20261130_000011_confirmed_ends::Migration),
            Box::new(m20261130_000012_aliases::Migration),
            Box::new(m20261130_000013_notifications::Migration),
            Box::new(m20261130_000014_login_proofs::Migration),
            Box::new(m20261130_000015_session_order::Migration),
            Box::new(m20261130_000016_repeated_logins::Migration),
            Box::new(m20261130_000017_mini_program_keys::Migration),
            Box::new(m20261130_000018_licences::Migration),
            Box::new(m20261130_000019_admin_searches::Migration),
            Box::new(m20261130_000020_audit::Migration),
            Box::new(m20261130_000021_nodes::Migration),
            Box::new(m20261130_000022_attributes::Migration),
            Box::new(m20261130_000023_links::Migration),
            Box::new(m20261130_000024_machines::Migration),
            Box::new(m20261130_000026_figures::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "wecom_migration".into_iden()
    }
}

/// Applies the pending migrations, one node at a time: neither sea-orm-migration nor MySQL ensures that.
pub(super) async fn run_pending(pool: &Pool) -> Result<()> {
    // Not by the migrator: it rejects applied migrations that it does not know, which are those of a later version
    // whose nodes run beside this one.
    if count_pending_of(pool).await? == 0 {
        return Ok(());
    }
    let backend = pool.get_database_backend();
    // On MySQL each migration commits by itself; the transaction provides the one connection that holds the lock.
    let transaction = pool.begin().await?;
    match backend {
        DbBackend::Postgres => {
            execute(&transaction, "SELECT pg_advisory_xact_lock(8532674019)").await?
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
                    "another node has been migrating the database for over a minute",
                ));
            }
        }
        _ => {}
    }
    let applied = match count_pending(&transaction).await {
        // Another node applied them while we waited.
        Ok(0) => Ok(()),
        Ok(_) => Migrator::up(&transaction, None).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    if backend == DbBackend::MySql {
        execute(&transaction, "DO RELEASE_LOCK('wecom_login_migration')").await?;
    }
    applied?;
    transaction.commit().await?;
    Ok(())
}

/// Applies the first migrations only, so that the tests of this workspace have the tables of an older version.
///
/// # Errors
/// `STORE_UNAVAILABLE`.
#[cfg(wecom_login_failpoints)]
pub async fn migrate_steps(database: &sea_orm::DatabaseConnection, steps: u32) -> Result<()> {
    Migrator::up(database, Some(steps)).await?;
    Ok(())
}

/// Fails if migrations are pending. For a database account that may not change tables.
pub(super) async fn require_up_to_date(pool: &Pool) -> Result<()> {
    let pending = count_pending_of(pool).await?;
    if pending == 0 {
        return Ok(());
    }
    let detail = format!(
        "{pending} migrations are missing: run `wecom-login migrate`, or start once with an account that may change tables"
    );
    Err(Error::new(ErrorKind::Config, detail))
}

async fn count_pending_of(pool: &Pool) -> Result<usize> {
    match pool.begin_if_pooled().await? {
        Some(transaction) => count_pending(&transaction).await,
        None => count_pending(pool.database()).await,
    }
}

/// Which migrations a database has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MigrationState {
    /// Ours that were not applied.
    pub(crate) pending: usize,
    /// Applied ones that this version does not know.
    pub(crate) unknown: usize,
}

/// Reads which migrations were applied.
pub(super) async fn state(pool: &Pool) -> Result<MigrationState> {
    let applied = match pool.begin_if_pooled().await? {
        Some(transaction) => applied_versions(&transaction).await,
        None => applied_versions(pool.database()).await,
    }?;
    let ours = Migrator::migrations();
    let is_ours = |version: &String| ours.iter().any(|migration| migration.name() == *version);
    let unknown = applied.iter().filter(|version| !is_ours(version)).count();
    Ok(MigrationState {
        pending: ours.len() - (applied.len() - unknown).min(ours.len()),
        unknown,
    })
}

/// Counts the pending migrations. The migrator itself would create its table first.
async fn count_pending<'c>(database: impl IntoSchemaManagerConnection<'c>) -> Result<usize> {
    let applied = applied_versions(database).await?;
    let is_applied = |name: &str| applied.iter().any(|applied| applied == name);
    Ok(Migrator::migrations()
        .iter()
        .filter(|migration| !is_applied(migration.name()))
        .count())
}

async fn applied_versions<'c>(
    database: impl IntoSchemaManagerConnection<'c>,
) -> Result<Vec<String>> {
    let manager = SchemaManager::new(database);
    if manager.has_table("wecom_migration").await? {
        let sql = "SELECT version FROM wecom_migration";
        let versions = Statement::from_string(manager.get_database_backend(), sql);
        let versions = manager.get_connection().query_all_raw(versions).await?;
        Ok(versions
            .iter()
            .map(|row| row.try_get("", "version"))
            .collect::<std::result::Result<_, _>>()?)
    } else {
        Ok(Vec::new())
    }
}

async fn execute(transaction: &DatabaseTransaction, sql: &str) -> Result<()> {
    let statement = Statement::from_string(transaction.get_database_backend(), sql);
    transaction.execute_raw(statement).await?;
    Ok(())
}
