//! Housekeeping by one node at a time.

use std::time::Duration;

use sea_orm::Database;
use wecom_login::{Builder, Clock as _, ManualClock, Retention, SessionConfig};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::pool;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, until};

const TURN: Duration = Duration::from_mins(10);

async fn ignored(node: &TestApp) -> i64 {
    node.number("SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored'")
        .await
}

/// Inserts this number of ignored records into the inbox, with their hashes.
async fn fill(node: &TestApp, clock: &ManualClock, from: usize, number: usize) {
    let (now, suite) = (clock.now().as_millis(), node.database.literal(SUITE));
    for number in from..from + number {
        let hash = node.database.literal(&format!("{number:0>32}"));
        node.database
            .execute(&format!(
                "INSERT INTO wecom_callback_record (suite_id, event, status, attempts, duplicates, hash, \
                 received_at, due_at, exchanged, guessed) \
                 VALUES ({suite}, 'chat', 'ignored', 0, 0, {hash}, {now}, 0, FALSE, FALSE)"
            ))
            .await;
        node.database
            .execute(&format!(
                "INSERT INTO wecom_callback_seen (hash, record_id, seen_at) \
                 SELECT hash, id, received_at FROM wecom_callback_record WHERE hash = {hash}"
            ))
            .await;
    }
}

#[tokio::test]
async fn two_nodes_alternate_housekeeping_despite_a_wrong_clock() {
    let lines = LogCapture::default();
    lines.record("sqlx::query=info");
    let clock = ManualClock::starting_now();
    let retention = Retention::default().with_max_ignored(20);
    let with = |builder: Builder| builder.clock(clock.clone()).retention(retention.clone());
    let node = TestApp::builder().configure(with).start().await;
    let due = async || {
        node.number("SELECT COALESCE(MAX(due_at), 0) FROM wecom_housekeeping")
            .await
    };
    // A run is recorded when it starts. Its last step deletes the surplus.
    until("a housekeeping run has begun", async || {
        due().await > clock.now().as_millis()
    })
    .await;
    node.login.shutdown().await;
    fill(&node, &clock, 0, 21).await;
    let first = node.second_handle_with(with).await;
    clock.advance(TURN);
    until("the next housekeeping run is over", async || {
        ignored(&node).await == 20
    })
    .await;
    let booked = due().await;
    assert!(booked > clock.now().as_millis());
    fill(&node, &clock, 21, 30).await;

    let mut options = pool(node.database.url());
    options.sqlx_logging(true);
    let database = Database::connect(options).await.unwrap();
    let other = node
        .second_handle_with(|builder| with(builder).database(database))
        .await;
    // Only its statements are logged: it tries to move the turn on, and then looks whether there is one.
    let looks = |line: &str| line.contains("wecom_housekeeping") && line.contains("SELECT");
    until("the other node looked", async || {
        lines.text().lines().any(looks)
    })
    .await;
    assert_eq!(
        (due().await, ignored(&node).await),
        (booked, 50),
        "it was not its turn"
    );

    clock.advance(TURN);
    until("the surplus is deleted", async || {
        ignored(&node).await == 20
    })
    .await;
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_seen")
            .await,
        21,
        "with the ticket's"
    );

    // A node whose clock was a year ahead took a turn, and was put right.
    node.database
        .execute("UPDATE wecom_housekeeping SET due_at = due_at + 31536000000")
        .await;
    fill(&node, &clock, 51, 5).await;
    clock.advance(TURN);
    until("the surplus is deleted again", async || {
        ignored(&node).await == 20
    })
    .await;
    first.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn housekeeping_runs_without_an_idle_timeout() {
    let clock = ManualClock::starting_now();
    let retention = Retention::default().with_max_ignored(20);
    let sessions = SessionConfig::default()
        .with_idle_timeout(Duration::MAX)
        .with_absolute_timeout(Duration::MAX);
    let with = |builder: Builder| {
        builder
            .clock(clock.clone())
            .retention(retention.clone())
            .sessions(sessions.clone())
    };
    let node = TestApp::builder().configure(with).start().await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    fill(&node, &clock, 0, 30).await;
    until("the surplus is deleted", async || {
        clock.advance(TURN);
        ignored(&node).await == 20
    })
    .await;
    assert!(node.is_valid(&token).await);
}
