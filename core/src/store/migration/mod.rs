//! The steps from one version of the tables to the next, kept in a table of their own.
#![allow(elided_lifetimes_in_paths, reason = "the trait of sea-orm-migration is written so")]

use sea_orm_migration::prelude::*;

mod m20261122_000001_first_tables;
mod m20261122_000002_spent_states;

/// Our migrations. A host app's own migrator may work in the same database: the two keep separate books.
#[derive(Debug)]
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_first_tables::Migration),
            Box::new(m20261122_000002_spent_states::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "wecom_migration".into_iden()
    }
}
