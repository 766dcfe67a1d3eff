//! Corps, sessions and records in bulk.

use std::time::{Duration, Instant};

use sea_orm::DbBackend;
use serde_json::json;
use wecom_login::{AgentId, CorpId, PermanentCode, SuiteId};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;

/// Authorizes the app for this many corps, with permanent codes, and waits until each was read once.
pub(crate) async fn authorize(node: &TestApp, corps: usize) {
    let began = Instant::now();
    // Imported, because this many pushes would measure the inbox.
    node.sandbox
        .change_settings(json!({"drop": ["create_auth"]}))
        .await
        .unwrap();
    let suite = SuiteId::new(SUITE).unwrap();
    for (number, corp_id) in (1..=corps).zip(node.sandbox.corp_ids().into_iter().skip(1)) {
        let _ = node.sandbox.install(&corp_id).await.unwrap();
        let code = PermanentCode::new(node.sandbox.permanent_code(&corp_id, SUITE).unwrap());
        let agent = AgentId::new(1_000_000 + i64::try_from(number).unwrap());
        let corp_id = CorpId::new(corp_id).unwrap();
        node.login
            .admin()
            .import_authorization(&suite, &corp_id, code, Some(agent))
            .await
            .unwrap();
    }
    let imported = began.elapsed();
    until_none(
        node,
        "SELECT COUNT(*) FROM wecom_authorization WHERE read_at IS NULL",
    )
    .await;
    println!(
        "{corps} companies imported in {imported:?}, read in {:?}",
        began.elapsed()
    );
    // Replaces the agentIds by consecutive numbers.
    let numbered = match node.database.backend() {
        DbBackend::MySql => {
            "UPDATE wecom_authorization a JOIN (SELECT suite_id, corp_id, ROW_NUMBER() OVER (ORDER BY corp_id) AS k \
             FROM wecom_authorization) o ON o.suite_id = a.suite_id AND o.corp_id = a.corp_id SET a.agent_id = o.k"
        }
        _ => {
            "UPDATE wecom_authorization SET agent_id = (SELECT COUNT(*) FROM wecom_authorization o \
             WHERE o.corp_id <= wecom_authorization.corp_id)"
        }
    };
    node.database.execute(numbered).await;
}

pub(crate) async fn until_none(node: &TestApp, count: &str) {
    while node.number(count).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The numbers from one on as rows, in `n`.
fn series(backend: DbBackend, number: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("FROM generate_series(1, {number}) AS series(n)"),
        DbBackend::MySql => format!("FROM (SELECT seq AS n FROM seq_1_to_{number}) AS series"),
        _ => format!(
            "FROM (WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {number}) \
             SELECT n FROM series)"
        ),
    }
}

/// An id in the form in which it is stored.
fn text(backend: DbBackend, prefix: &str, number: &str) -> String {
    match backend {
        DbBackend::Postgres => format!("convert_to('{prefix}' || ({number}), 'UTF8')"),
        DbBackend::MySql => format!("CONCAT('{prefix}', {number})"),
        _ => format!("CAST('{prefix}' || ({number}) AS BLOB)"),
    }
}

/// Statements that insert this many people, and a login of each within the last day.
pub(crate) fn fill_people(
    backend: DbBackend,
    corps: usize,
    people: usize,
    now_millis: i64,
) -> Vec<String> {
    let of_company = format!("JOIN filled_company company ON company.k = n % {corps} + 1");
    let series = series(backend, people);
    let (suite, person) = (text(backend, SUITE, "''"), text(backend, "person-", "n"));
    let name = match backend {
        DbBackend::MySql => "CONCAT('Name ', n)",
        _ => "'Name ' || n",
    };
    vec![
        format!(
            "INSERT INTO wecom_person (suite_id, corp_id, user_id, name, epoch, created_at) \
             SELECT {suite}, corp_id, {person}, {name}, 0, 0 {series} {of_company}"
        ),
        format!(
            "INSERT INTO wecom_audit (at, action, actor, who, suite_id, corp_id, user_id, occurrences) \
             SELECT {now_millis} - n % 86400 * 1000, 'login', 'user', {name}, {suite}, corp_id, {person}, 1 \
             {series} {of_company}"
        ),
        match backend {
            DbBackend::MySql => "ANALYZE TABLE wecom_audit, wecom_person".to_owned(),
            _ => "ANALYZE".to_owned(),
        },
    ]
}

/// Statements that insert rows in bulk: ten sessions a member, and a record for each session.
pub(crate) fn fill(backend: DbBackend, corps: usize, sessions: usize) -> Vec<String> {
    let members = sessions.div_ceil(10);
    let series = |number: usize| series(backend, number);
    let text = |prefix: &str, number: &str| text(backend, prefix, number);
    let hash = match backend {
        DbBackend::Postgres => "sha256(convert_to('s' || n, 'UTF8'))",
        DbBackend::MySql => "UNHEX(SHA2(n, 256))",
        _ => "randomblob(32)",
    };
    let id = match backend {
        DbBackend::MySql => "CONCAT('filled-', n)",
        _ => "'filled-' || n",
    };
    // Each row belongs to an existing corp.
    let of_company = format!("JOIN filled_company company ON company.k = n % {corps} + 1");
    let (suite, user) = (text(SUITE, "''"), text("user-", &format!("n % {members}")));
    let mut statements = vec![
        "CREATE TABLE filled_company AS SELECT agent_id AS k, corp_id FROM wecom_authorization"
            .to_owned(),
        "CREATE UNIQUE INDEX filled_k ON filled_company (k)".to_owned(),
        format!(
            "INSERT INTO wecom_person (suite_id, corp_id, user_id, epoch, created_at) \
             SELECT {suite}, corp_id, {}, 0, 0 {} {of_company}",
            text("user-", "n"),
            series(members)
        ),
        format!(
            "INSERT INTO wecom_session (id, token_hash, suite_id, corp_id, user_id, local_id, instance, platform, \
             login_type, person_epoch, authorization_epoch, created_at, last_seen_at, expires_at) \
             SELECT {id}, {hash}, {suite}, corp_id, {user}, 'u', 'i', 'app', 'qr', 0, 1, 0, 9000000000000, \
             9000000000000 {} {of_company}",
            series(sessions)
        ),
        format!(
            "INSERT INTO wecom_callback_record (suite_id, event, status, attempts, duplicates, hash, received_at, \
             due_at, exchanged, guessed) \
             SELECT {suite}, 'unsubscribe', 'succeeded', 1, 0, {hash}, 9000000000000, 0, FALSE, FALSE {}",
            series(sessions)
        ),
    ];
    statements.extend(match backend {
        DbBackend::MySql => {
            vec!["ANALYZE TABLE wecom_session, wecom_callback_record, wecom_person".to_owned()]
        }
        _ => vec!["ANALYZE".to_owned()],
    });
    statements
}
