//! One session that is not in memory is read once, however many requests ask for it at the same time.
//!
//! A test of its own, because the statements of the process are counted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, header};
use sea_orm::{ConnectOptions, Database};
use tracing_subscriber::fmt::MakeWriter;
use wecom_login_tests::node::{Node, Plan, SUITE};

/// Every line of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_read_their_session_once() {
    let lines = Lines::default();
    tracing_subscriber::fmt().with_env_filter("sqlx::query=info").with_writer(lines.clone()).init();
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    let token = node.session(SUITE, &corp, &node.user(0, 0)).await;
    let mut options = ConnectOptions::new(format!("sqlite://{}", node.database_file().display()));
    options.sqlx_logging(true);
    let database = Database::connect(options).await.unwrap();
    // A handle that has seen none of it.
    let fresh = node.another_handle_with(|builder| builder.database(database)).await;
    lines.0.lock().unwrap().clear();
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let asking = (0..100).map(|_| fresh.verify("GET", &headers).answer());
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Option::is_some)));
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let reads = log.lines().filter(|line| line.contains("\\\"token_hash\\\" = ?")).count();
    println!("100 requests: {reads} reads of the session");
    assert_eq!(reads, 1, "{log}");
    fresh.shutdown().await;
}
