//! Databases on a server: created and dropped.

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, DbErr, Statement};

use super::pool;

pub(super) async fn recreate(server: &str, backend: DbBackend, name: &str) -> Result<(), DbErr> {
    drop_database(server, backend, name).await?;
    let connection = connect_for_maintenance(server, backend).await?;
    // The oldest default, which cannot store a Chinese name: our tables must set their own.
    let charset = if backend == DbBackend::MySql {
        " CHARACTER SET latin1"
    } else {
        ""
    };
    connection
        .execute_unprepared(&format!("CREATE DATABASE {name}{charset}"))
        .await?;
    connection.close().await
}

/// Drops a database although connections and transactions are still open.
pub(super) async fn drop_database(
    server: &str,
    backend: DbBackend,
    name: &str,
) -> Result<(), DbErr> {
    let connection = connect_for_maintenance(server, backend).await?;
    if backend == DbBackend::Postgres {
        connection
            .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        return connection.close().await;
    }
    kill_connections(&connection, name).await?;
    connection
        .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}"))
        .await?;
    connection.close().await
}

pub(super) async fn kill_connections(
    connection: &DatabaseConnection,
    name: &str,
) -> Result<(), DbErr> {
    let connections = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    for row in connection
        .query_all_raw(Statement::from_string(DbBackend::MySql, connections))
        .await?
    {
        let id: i64 = row.try_get_by_index(0)?;
        // The connection may have ended meanwhile.
        let _ = connection.execute_unprepared(&format!("KILL {id}")).await;
    }
    Ok(())
}

pub(super) async fn connect_for_maintenance(
    server: &str,
    backend: DbBackend,
) -> Result<DatabaseConnection, DbErr> {
    let maintenance_database = if backend == DbBackend::MySql {
        "information_schema"
    } else {
        "postgres"
    };
    connect(&format!("{server}/{maintenance_database}")).await
}

pub(super) async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = pool(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}
