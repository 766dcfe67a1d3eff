//! A login with cached tokens takes at most three statements, one of them for the audit, and one call to WeCom.
//!
//! A test binary of its own, because it counts the statements of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sea_orm::Database;
use wecom_login::{CorpId, ErrorKind, OAuthCode, WorkbenchLoginRequest};
use wecom_login_tests::app::{SECOND_SUITE, SUITE};
use wecom_login_tests::database::pool;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, until};

/// The tables that a login may query.
const TABLES: [&str; 5] = [
    "wecom_audit",
    "wecom_person",
    "wecom_session",
    "wecom_authorization",
    "wecom_access_token",
];

#[tokio::test(flavor = "multi_thread")]
async fn login_without_suite_id_takes_three_statements_and_one_call() {
    let lines = LogCapture::default();
    lines.record("sqlx::query=info");
    let node = TestApp::builder().second_suite().start().await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    let mut options = pool(node.database.url());
    options.sqlx_logging(true);
    let database = Database::connect(options).await.unwrap();
    let fresh = node
        .second_handle_with(|builder| builder.database(database))
        .await;
    let log_in_with = async |code: String| {
        let request = WorkbenchLoginRequest::new(CorpId::new(&corp).unwrap(), OAuthCode::new(code));
        fresh.service().login_by_workbench(request).await
    };
    let log_in = async |suite| {
        log_in_with(node.sandbox.code_for_suite(&corp, &member, suite).unwrap()).await
    };
    log_in(SUITE).await.unwrap();

    let (mut statements, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        lines.clear();
        let before = calls(&node);
        log_in(SUITE).await.unwrap();
        asked.push(calls(&node) - before);
        // The revocation log and housekeeping are polled independently of logins.
        let log = lines.text();
        statements.push(
            log.lines()
                .filter(|line| TABLES.iter().any(|table| line.contains(table)))
                .count(),
        );
    }
    // The minimum: a token may be refreshed in one of the rounds.
    assert_eq!(
        (statements.iter().min(), asked.iter().min()),
        (Some(&3), Some(&1)),
        "{statements:?} {asked:?}"
    );

    // A change of the corp's suites is noticed.
    node.install_suite(0, SECOND_SUITE).await;
    let refused = async |kind| log_in_with("made-up".to_owned()).await.unwrap_err().kind() == kind;
    until("a suiteId is required", async || {
        refused(ErrorKind::ApiParams).await
    })
    .await;
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the remaining suite is selected", async || {
        log_in(SECOND_SUITE).await.is_ok()
    })
    .await;
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("logins are refused", async || {
        refused(ErrorKind::CorpNotAuthorized).await
    })
    .await;
    fresh.shutdown().await;
}

fn calls(node: &TestApp) -> u64 {
    let state = node.sandbox.state();
    state["calls"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|count| count.as_u64())
        .sum()
}
