//! The plans of the most frequent queries.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;

/// Prints the plans of the most frequent queries.
pub(crate) async fn print_query_plans(
    database: &DatabaseConnection,
    backend: DbBackend,
    node: &TestApp,
) {
    let suite = node.database.literal(SUITE);
    let corp = node.database.literal(&node.corp(1));
    let user = node.database.literal("user-1");
    let explain = if backend == DbBackend::Sqlite {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    let join = "FROM wecom_session s JOIN wecom_person p ON p.suite_id = s.suite_id AND p.corp_id = s.corp_id AND \
        p.user_id = s.user_id JOIN wecom_authorization a ON a.suite_id = s.suite_id AND a.corp_id = s.corp_id";
    let queries = [
        ("by_token_hash", format!("SELECT s.id, p.epoch, a.epoch {join} WHERE s.token_hash = {suite}")),
        (
            "of_person",
            format!(
                "SELECT s.id, p.epoch, a.epoch {join} WHERE s.suite_id = {suite} AND s.corp_id = {corp} AND \
                 s.user_id = {user} ORDER BY s.created_at DESC, s.id DESC LIMIT 101"
            ),
        ),
        (
            "surplus of person",
            format!(
                "SELECT id, token_hash FROM wecom_session WHERE suite_id = {suite} AND corp_id = {corp} AND \
                 user_id = {user} AND expires_at > 5 AND last_seen_at > 5 ORDER BY created_at DESC, id DESC LIMIT 1000"
            ),
        ),
        ("over, absolute", "SELECT id FROM wecom_session WHERE expires_at <= 5 LIMIT 500".to_owned()),
        ("over, idle", "SELECT id FROM wecom_session WHERE last_seen_at < 5 LIMIT 500".to_owned()),
        (
            "records over",
            "SELECT id FROM wecom_callback_record WHERE received_at < 5 AND status IN ('succeeded', 'ignored', \
             'failed') LIMIT 500"
                .to_owned(),
        ),
        (
            "due records of a lane",
            format!(
                "SELECT id FROM wecom_callback_record WHERE status IN ('waiting', 'running') AND event IN \
                 ('create_auth', 'reset_permanent_code') AND ((status = 'waiting' AND (due_at <= 5 OR due_at > 9)) \
                 OR (status = 'running' AND (lease_until <= 5 OR lease_until > 9))) AND suite_id IN ({suite}) \
                 ORDER BY due_at, id LIMIT 64"
            ),
        ),
        (
            "surplus of ignored",
            format!(
                "SELECT id FROM wecom_callback_record WHERE suite_id = {suite} AND status = 'ignored' ORDER BY id \
                 DESC LIMIT 1 OFFSET 10000"
            ),
        ),
        (
            "callbackRecords",
            format!("SELECT * FROM wecom_callback_record WHERE suite_id IN ({suite}) ORDER BY id DESC LIMIT 50"),
        ),
        (
            "callbackRecords, failed",
            format!(
                "SELECT * FROM wecom_callback_record WHERE suite_id IN ({suite}) AND status = 'failed' ORDER BY id \
                 DESC LIMIT 50"
            ),
        ),
        (
            "due authorizations",
            format!(
                "SELECT * FROM wecom_authorization WHERE read_due_at <= 5 AND permanent_code IS NOT NULL AND \
                 suite_id IN ({suite}) ORDER BY read_due_at LIMIT 50"
            ),
        ),
        ("suites of a company", format!("SELECT suite_id FROM wecom_authorization WHERE corp_id = {corp}")),
        ("corps", "SELECT * FROM wecom_authorization ORDER BY suite_id, corp_id".to_owned()),
        ("the feed", "SELECT * FROM wecom_end WHERE number >= 5 ORDER BY number LIMIT 1000".to_owned()),
    ];
    for (name, query) in queries {
        let rows = database
            .query_all_raw(Statement::from_string(
                backend,
                format!("{explain} {query}"),
            ))
            .await
            .unwrap();
        let lines = rows.iter().map(|row| match backend {
            DbBackend::Sqlite => row.try_get::<String>("", "detail").unwrap(),
            DbBackend::MySql => format!(
                "{:?} by {:?}, {:?} rows",
                row.try_get::<Option<String>>("", "table")
                    .unwrap_or_default(),
                row.try_get::<Option<String>>("", "key").unwrap_or_default(),
                row.try_get_by::<Option<u64>, _>("rows").unwrap_or_default(),
            ),
            _ => row.try_get_by_index::<String>(0).unwrap(),
        });
        println!("  {name}:");
        for line in lines {
            println!("      {line}");
        }
    }
}
