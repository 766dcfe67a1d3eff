//! Nodes with different suites: each leaves the records of other suites alone.

use std::time::Duration;

use wecom_login::{Builder, ErrorKind, ManualClock, NotifyRequest, WecomLogin};
use wecom_login_tests::app::{SECOND_SUITE, SUITE};
use wecom_login_tests::push::suite_event;
use wecom_login_tests::{TestApp, until};

const SECOND: Duration = Duration::from_secs(1);

/// Two corps that authorized both suites, on a node that is shut down. The clock moves only when a test advances it.
async fn two_suites() -> (TestApp, ManualClock, [String; 2]) {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder()
        .second_suite()
        .configure(|builder| builder.clock(clock.clone()))
        .start()
        .await;
    let corps = [
        node.install_suite(0, SUITE).await,
        node.install_suite(1, SUITE).await,
    ];
    node.install_suite(0, SECOND_SUITE).await;
    let open = "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";
    until("every record is done", async || {
        node.number(open).await == 0
    })
    .await;
    node.login.shutdown().await;
    (node, clock, corps)
}

/// The number of `change_auth` records of a suite that match a condition.
async fn changes(node: &TestApp, suite: &str, which: &str) -> i64 {
    let of_suite = node.database.literal(suite);
    let count = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'change_auth'";
    node.number(&format!("{count} AND suite_id = {of_suite} AND {which}"))
        .await
}

/// Pushes a `change_auth` of a corp's authorization to this handle.
async fn change(node: &TestApp, on: &WecomLogin, suite: &str, corp: &str, time: i64) {
    let event = suite_event(suite, "change_auth", time, &[("AuthCorpId", corp)]);
    let push = node.push_builder.post(suite, &event);
    until("the push is accepted", async || {
        on.service()
            .notify(NotifyRequest::post(&push.query, push.body.clone()))
            .await
            .status
            == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_suite_wait_for_a_node_that_has_it() {
    let (node, clock, corps) = two_suites().await;
    let with_clock = |builder: Builder| builder.clock(clock.clone());
    let first = node.second_handle_for_suite(SUITE, with_clock).await;
    // The attempts fail while the table is away.
    node.database
        .execute("ALTER TABLE wecom_authorization RENAME TO away")
        .await;
    for corp in &corps {
        change(&node, &first, SUITE, corp, 1_700_000_000).await;
    }
    until("the node has attempted both records", async || {
        changes(
            &node,
            SUITE,
            "status = 'waiting' AND last_error IS NOT NULL",
        )
        .await
            == 2
    })
    .await;
    first.shutdown().await;
    node.database
        .execute("ALTER TABLE away RENAME TO wecom_authorization")
        .await;
    // Both records look as if the shutdown had released them. One is changed to look like that of a crashed node.
    node.database
        .execute(
            "UPDATE wecom_callback_record SET last_error = NULL, due_at = 0 \
             WHERE event = 'change_auth' AND status = 'waiting'",
        )
        .await;
    let dead = node.database.literal(&corps[1]);
    let dies = format!(
        "UPDATE wecom_callback_record SET status = 'running', lease_owner = 'dead', lease_until = 0 \
         WHERE event = 'change_auth' AND corp_id = {dead}"
    );
    node.database.execute(&dies).await;

    let second = node.second_handle_for_suite(SECOND_SUITE, with_clock).await;
    for time in 1..=2 {
        // Due records are claimed in order: a node that ran this one has passed over the earlier ones.
        change(
            &node,
            &second,
            SECOND_SUITE,
            &corps[0],
            1_700_000_000 + time,
        )
        .await;
        until("its own records are done", async || {
            clock.advance(SECOND);
            changes(&node, SECOND_SUITE, "status = 'succeeded'").await == time
        })
        .await;
        assert_eq!(
            changes(&node, SUITE, "attempts = 1 AND last_error IS NULL").await,
            2
        );
        assert_eq!(changes(&node, SUITE, "status = 'waiting'").await, 1);
        assert_eq!(
            changes(&node, SUITE, "status = 'running' AND lease_owner = 'dead'").await,
            1
        );
    }
    let records = second
        .admin()
        .callback_records(None, 500, None)
        .await
        .unwrap();
    assert!(
        records
            .iter()
            .all(|record| record.suite_id.as_str() == SECOND_SUITE),
        "{records:?}"
    );
    let theirs = node
        .number("SELECT MIN(id) FROM wecom_callback_record WHERE status = 'waiting'")
        .await;
    let refused = second.service().retry_callback(theirs).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RecordNotFound);

    let back = node.second_handle_for_suite(SUITE, with_clock).await;
    until("the node of the first suite executes them", async || {
        clock.advance(SECOND);
        changes(&node, SUITE, "status = 'succeeded'").await == 2
    })
    .await;
    back.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizations_of_a_suite_are_read_by_a_node_that_has_it() {
    let (node, clock, _) = two_suites().await;
    let with_clock = |builder: Builder| builder.clock(clock.clone());
    // The authorizations of the first suite have been due the longest.
    let due = "UPDATE wecom_authorization SET read_at = NULL, read_due_at =";
    let (ours, theirs) = (
        node.database.literal(SECOND_SUITE),
        node.database.literal(SUITE),
    );
    node.database
        .execute(&format!("{due} 1 WHERE suite_id = {theirs}"))
        .await;
    let mut handles = Vec::new();
    for _ in 0..2 {
        node.database
            .execute(&format!("{due} 2 WHERE suite_id = {ours}"))
            .await;
        // A node looks for due authorizations when it starts.
        handles.push(node.second_handle_for_suite(SECOND_SUITE, with_clock).await);
        let read = format!(
            "SELECT COUNT(*) FROM wecom_authorization WHERE suite_id = {ours} AND read_at > 0"
        );
        until("its own authorization is read", async || {
            node.number(&read).await == 1
        })
        .await;
        let left = format!(
            "SELECT COUNT(*) FROM wecom_authorization WHERE suite_id = {theirs} AND read_due_at = 1"
        );
        assert_eq!(
            node.number(&left).await,
            2,
            "the read of another node's suite stays due"
        );
    }
    handles.push(node.second_handle_for_suite(SUITE, with_clock).await);
    let read = format!(
        "SELECT COUNT(*) FROM wecom_authorization WHERE suite_id = {theirs} AND read_at > 0"
    );
    until("the node of the first suite reads its own", async || {
        node.number(&read).await == 2
    })
    .await;
    for handle in handles {
        handle.shutdown().await;
    }
}
