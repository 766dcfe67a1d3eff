use super::*;
use crate::db::requirements::{SYNCHRONOUS_FULL, synchronous};

#[tokio::test]
async fn sqlite_file_is_opened_with_full_sync_and_wal() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("test.db").display());
    let pool = Pool::connect(&url).await.unwrap();
    let database = pool.database();
    assert_eq!(synchronous(database).await.unwrap(), SYNCHRONOUS_FULL);
    let mode = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
    let mode = database.query_one_raw(mode).await.unwrap().unwrap();
    assert_eq!(mode.try_get_by_index::<String>(0).unwrap(), "wal");
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[tokio::test]
async fn evict_all_leaves_other_pools_alone() {
    use sea_orm::sqlx::{Connection as _, SqliteConnection};
    let one = Pool::from(DatabaseConnection::default());
    let other = Pool::from(DatabaseConnection::default());
    let shared_with_begin = one.clone();
    shared_with_begin.evict_all();
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for (pool, expected) in [(&one, false), (&other, true)] {
        let until = *pool.evict_until.lock();
        let reusable = is_reusable(&mut connection, Duration::ZERO, until).await;
        assert_eq!(reusable.unwrap(), expected);
    }
}

#[tokio::test]
async fn settings_tell_whether_connections_have_lifetimes() {
    use sea_orm::SqlxSqliteConnector;
    use sea_orm::sqlx::sqlite::SqlitePoolOptions;
    let ours = Pool::connect("sqlite::memory:").await.unwrap();
    assert!(!ours.settings().unwrap().has_lifetimes);
    let with_none = SqlitePoolOptions::new()
        .idle_timeout(None)
        .max_lifetime(None);
    for (options, expected) in [
        (SqlitePoolOptions::new(), true),
        (with_none.clone(), false),
        (
            with_none.clone().idle_timeout(Duration::from_secs(60)),
            true,
        ),
        (with_none.max_lifetime(Duration::from_secs(60)), true),
    ] {
        let pool = options.connect_lazy("sqlite::memory:").unwrap();
        let pool = Pool::from(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool));
        assert_eq!(pool.settings().unwrap().has_lifetimes, expected);
    }
}
