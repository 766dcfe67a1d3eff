//! A start, the sessions and the logins beside many companies and sessions, with figures and the plans of the queries:
//! `cargo run --release -p wecom-login-tests --bin scale -- COMPANIES SESSIONS`. On PostgreSQL or MariaDB with
//! `TEST_DATABASE_SERVER`.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a program for the hand of a developer")]

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use wecom_login::{AgentId, CorpId, OAuthCode, PermanentCode, SuiteId, WorkbenchLoginRequest};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::measure::{Latencies, resident_mib};

const REAL: usize = 200;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|number| number.parse::<usize>().expect("a number"));
    let (companies, sessions) = (
        numbers.next().unwrap_or(10),
        numbers.next().unwrap_or(1_000),
    );
    let node = TestApp::builder().corps(companies + 1).start().await;
    let corp = node.install(0).await;
    authorize(&node, companies).await;
    let mut tokens = Vec::new();
    for _ in 0..REAL {
        tokens.push(node.issue_session(SUITE, &corp, &node.user(0, 0)).await);
    }
    let database = node.database.connect().await;
    let backend = node.database.backend();
    let began = Instant::now();
    for statement in fill(backend, companies, sessions) {
        database.execute_unprepared(&statement).await.unwrap();
    }
    println!(
        "{backend:?}, {companies} companies, {sessions} sessions (filled in {:?})",
        began.elapsed()
    );

    // The first handle is through with its work; what is due from here on is the new one's.
    node.login.shutdown().await;
    let due = "UPDATE wecom_authorization SET read_due_at = 5 WHERE agent_id % 100 = 7";
    let due = database
        .execute_unprepared(due)
        .await
        .unwrap()
        .rows_affected();
    let before = resident_mib();
    let began = Instant::now();
    let login = node.second_handle().await;
    println!(
        "  start: {:?}, {} MiB before it, {} MiB after",
        began.elapsed(),
        before,
        resident_mib()
    );
    let open = "SELECT COUNT(*) FROM wecom_authorization WHERE read_due_at = 5";
    until_none(&node, open).await;
    println!(
        "  {due} companies that were due were read again {:?} after the start",
        began.elapsed()
    );

    let (mut misses, mut hits) = (Latencies::default(), Latencies::default());
    for token in &tokens {
        let asked = Instant::now();
        assert!(
            login
                .verify_token(token.as_bytes())
                .resolve()
                .await
                .unwrap()
                .is_some()
        );
        misses.add(asked.elapsed());
    }
    for _ in 0..50 {
        for token in &tokens {
            let asked = Instant::now();
            assert!(
                login
                    .verify_token(token.as_bytes())
                    .resolve()
                    .await
                    .unwrap()
                    .is_some()
            );
            hits.add(asked.elapsed());
        }
    }
    println!("  verify, not in memory: {misses}; in memory: {hits}");

    let mut logins = Latencies::default();
    for _ in 0..REAL {
        let code = node
            .sandbox
            .code_for_suite(&corp, &node.user(0, 1), SUITE)
            .unwrap();
        let request =
            WorkbenchLoginRequest::new(CorpId::new(&*corp).unwrap(), OAuthCode::new(code));
        let request = request.with_suite_id(SuiteId::new(SUITE).ok());
        let asked = Instant::now();
        login.service().login_by_workbench(request).await.unwrap();
        logins.add(asked.elapsed());
    }
    println!("  login: {logins}; {} MiB", resident_mib());
    plans(&database, backend, &node).await;
    login.shutdown().await;
}

/// Companies that authorised, with their permanent codes, each read once.
async fn authorize(node: &TestApp, companies: usize) {
    let began = Instant::now();
    // They come in by import: so many pushes would be a test of the inbox.
    node.sandbox
        .change_settings(json!({"drop": ["create_auth"]}))
        .await
        .unwrap();
    let suite = SuiteId::new(SUITE).unwrap();
    for (number, corp_id) in (1..=companies).zip(node.sandbox.corp_ids().into_iter().skip(1)) {
        let _ = node.sandbox.install(&corp_id).await.unwrap();
        let code = PermanentCode::new(node.sandbox.permanent_code(&corp_id, SUITE).unwrap());
        let agent = AgentId::new(1_000_000 + i64::try_from(number).unwrap());
        let corp_id = CorpId::new(corp_id).unwrap();
        node.login
            .service()
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
        "{companies} companies imported in {imported:?}, read in {:?}",
        began.elapsed()
    );
    // What WeCom calls their apps is of no use here; a number for each is.
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

async fn until_none(node: &TestApp, count: &str) {
    while node.number(count).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rows in bulk: ten sessions a person, and a record for each session.
fn fill(backend: DbBackend, companies: usize, sessions: usize) -> Vec<String> {
    let people = sessions.div_ceil(10);
    let series = |number: usize| match backend {
        DbBackend::Postgres => format!("FROM generate_series(1, {number}) AS series(n)"),
        DbBackend::MySql => format!("FROM (SELECT seq AS n FROM seq_1_to_{number}) AS series"),
        _ => format!(
            "FROM (WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {number}) \
             SELECT n FROM series)"
        ),
    };
    let text = |prefix: &str, number: &str| match backend {
        DbBackend::Postgres => format!("convert_to('{prefix}' || ({number}), 'UTF8')"),
        DbBackend::MySql => format!("CONCAT('{prefix}', {number})"),
        _ => format!("CAST('{prefix}' || ({number}) AS BLOB)"),
    };
    let hash = match backend {
        DbBackend::Postgres => "sha256(convert_to('s' || n, 'UTF8'))",
        DbBackend::MySql => "UNHEX(SHA2(n, 256))",
        _ => "randomblob(32)",
    };
    let id = match backend {
        DbBackend::MySql => "CONCAT('filled-', n)",
        _ => "'filled-' || n",
    };
    // Each row is of a company that is there: the one of its number.
    let of_company = format!("JOIN filled_company company ON company.k = n % {companies} + 1");
    let (suite, user) = (text(SUITE, "''"), text("user-", &format!("n % {people}")));
    let mut statements = vec![
        "CREATE TABLE filled_company AS SELECT agent_id AS k, corp_id FROM wecom_authorization"
            .to_owned(),
        "CREATE UNIQUE INDEX filled_k ON filled_company (k)".to_owned(),
        format!(
            "INSERT INTO wecom_person (suite_id, corp_id, user_id, epoch, created_at) \
             SELECT {suite}, corp_id, {}, 0, 0 {} {of_company}",
            text("user-", "n"),
            series(people)
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

/// How the database finds what is asked for all the time.
async fn plans(database: &DatabaseConnection, backend: DbBackend, node: &TestApp) {
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
                 s.user_id = {user} ORDER BY s.created_at DESC"
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
            "start_due",
            format!(
                "SELECT id FROM wecom_callback_record WHERE ((status = 'waiting' AND due_at <= 5) OR (status = \
                 'running' AND lease_until < 5)) AND suite_id IN ({suite}) ORDER BY id LIMIT 64"
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
            "due authorisations",
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
