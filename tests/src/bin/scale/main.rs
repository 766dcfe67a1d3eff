//! Start, sessions and logins at many corps and sessions, with latencies and query plans:
//! `cargo run --release -p wecom-login-tests --bin scale -- COMPANIES SESSIONS [PEOPLE]`; then the pages of the console,
//! with this many people more and a login of each within the last day. On PostgreSQL or MariaDB with
//! `TEST_DATABASE_SERVER`.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a program for the hand of a developer")]

mod fill;
mod pages;
mod query_plans;

use std::time::Instant;

use sea_orm::ConnectionTrait as _;
use wecom_login::{CorpId, OAuthCode, SuiteId, WorkbenchLoginRequest};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::measure::{Latencies, resident_mib};

use crate::fill::{authorize, fill, fill_people, until_none};
use crate::pages::print_pages;
use crate::query_plans::print_query_plans;

const REAL: usize = 200;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|number| number.parse::<usize>().expect("a number"));
    let (corps, sessions) = (
        numbers.next().unwrap_or(10),
        numbers.next().unwrap_or(1_000),
    );
    let node = TestApp::builder().corps(corps + 1).start().await;
    let corp = node.install(0).await;
    authorize(&node, corps).await;
    let mut tokens = Vec::new();
    for _ in 0..REAL {
        tokens.push(node.issue_session(SUITE, &corp, &node.user(0, 0)).await);
    }
    let database = node.database.connect().await;
    let backend = node.database.backend();
    let began = Instant::now();
    for statement in fill(backend, corps, sessions) {
        database.execute_unprepared(&statement).await.unwrap();
    }
    println!(
        "{backend:?}, {corps} companies, {sessions} sessions (filled in {:?})",
        began.elapsed()
    );

    // The first handle is done; what becomes due from here on belongs to the second.
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
        let request = request.with_suite_id(SuiteId::new(SUITE).unwrap());
        let asked = Instant::now();
        login.service().login_by_workbench(request).await.unwrap();
        logins.add(asked.elapsed());
    }
    println!("  login: {logins}; {} MiB", resident_mib());
    print_query_plans(&database, backend, &node).await;
    if let Some(people) = numbers.next() {
        let began = Instant::now();
        for statement in fill_people(backend, corps, people, node.now_millis()) {
            database.execute_unprepared(&statement).await.unwrap();
        }
        println!("  {people} people more (filled in {:?})", began.elapsed());
        print_pages(&node, &login).await;
    }
    login.shutdown().await;
}
