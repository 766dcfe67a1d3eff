//! What a database must be set to so that it takes our writes, and no data is cut or lost: MySQL's strict mode and binary
//! log, SQLite's `synchronous`.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::error::{Error, ErrorKind, Result};

/// SQLite's number for `synchronous=FULL`.
pub(super) const SYNCHRONOUS_FULL: i64 = 2;

/// Fails for a MySQL that is not strict: it silently truncates what is too long for its column, such as a suite_ticket.
pub(super) async fn require_strict_mode(database: &impl ConnectionTrait) -> Result<()> {
    if database.get_database_backend() != DbBackend::MySql {
        return Ok(());
    }
    let mode = Statement::from_string(DbBackend::MySql, "SELECT CAST(@@sql_mode AS CHAR) AS mode");
    let row = database.query_one_raw(mode).await?;
    let mode: String = row
        .map(|row| row.try_get("", "mode"))
        .transpose()?
        .unwrap_or_default();
    if mode.contains("STRICT_") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "the database's sql_mode must include STRICT_TRANS_TABLES or STRICT_ALL_TABLES",
    ))
}

/// Fails for a MySQL whose binary log holds statements: InnoDB refuses every write of a `READ COMMITTED` transaction then
/// (error 1665).
pub(super) async fn require_row_log(database: &impl ConnectionTrait) -> Result<()> {
    if database.get_database_backend() != DbBackend::MySql {
        return Ok(());
    }
    let format = Statement::from_string(
        DbBackend::MySql,
        "SELECT CAST(IF(@@log_bin AND @@sql_log_bin, @@binlog_format, '') AS CHAR) AS format",
    );
    // A server that does not know these variables logs rows.
    let Ok(Some(row)) = database.query_one_raw(format).await else {
        return Ok(());
    };
    if row
        .try_get::<String>("", "format")?
        .eq_ignore_ascii_case("STATEMENT")
    {
        return Err(Error::new(
            ErrorKind::Config,
            "the database's binlog_format is STATEMENT, with which InnoDB refuses transactions of READ COMMITTED \
             (error 1665): set binlog_format to ROW or MIXED",
        ));
    }
    Ok(())
}

/// Warns of a SQLite that does not sync each commit: at a power cut it can lose an event that WeCom was told is stored.
pub(super) async fn warn_if_not_durable(database: &impl ConnectionTrait) -> Result<()> {
    if database.get_database_backend() == DbBackend::Sqlite
        && synchronous(database).await? < SYNCHRONOUS_FULL
    {
        tracing::warn!(
            target: "wecom_login",
            "this SQLite connection has synchronous below FULL: an acknowledged event may be lost at a power cut"
        );
    }
    Ok(())
}

/// Reads SQLite's `synchronous`.
pub(super) async fn synchronous(database: &impl ConnectionTrait) -> Result<i64> {
    let pragma = Statement::from_string(DbBackend::Sqlite, "PRAGMA synchronous");
    let row = database.query_one_raw(pragma).await?;
    Ok(row.map_or(Ok(SYNCHRONOUS_FULL), |row| row.try_get_by_index(0))?)
}
