//! Concurrent requests with the same uncached session load it once.
//!
//! A test binary of its own, because it counts the statements of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use http::{HeaderMap, header};
use sea_orm::Database;
use wecom_login::ErrorKind;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::pool;
use wecom_login_tests::log::LogCapture;

/// The condition of that statement, as each database has it.
const READS: [&str; 3] = [
    "\\\"token_hash\\\" = ?",
    "\\\"token_hash\\\" = $1",
    "`token_hash` = ?",
];

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_load_their_session_once() {
    let lines = LogCapture::default();
    lines.record("sqlx::query=info");
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    let mut options = pool(node.database.url());
    options.sqlx_logging(true);
    let database = Database::connect(options).await.unwrap();
    for attempt in 1.. {
        // A handle that has seen none of it.
        let theirs = database.clone();
        let fresh = node
            .second_handle_with(|builder| builder.database(theirs))
            .await;
        node.wait_until_following(&fresh).await;
        lines.clear();
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            format!("Bearer {token}").parse().unwrap(),
        );
        let asking = (0..100).map(|_| fresh.verify("GET", &headers).resolve());
        let answers = futures_util::future::join_all(asking).await;
        let log = lines.text();
        fresh.shutdown().await;
        let late = |error: &wecom_login::Error| error.kind() == ErrorKind::StoreUnavailable;
        if attempt < 5
            && answers
                .iter()
                .any(|answer| answer.as_ref().is_err_and(late))
        {
            // The machine stood still for the time that a look-up has.
            continue;
        }
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_ref().is_ok_and(Option::is_some))
        );
        let reads = log
            .lines()
            .filter(|line| READS.iter().any(|read| line.contains(read)))
            .count();
        println!("100 requests: {reads} reads of the session");
        assert_eq!(reads, 1, "{log}");
        break;
    }
}
