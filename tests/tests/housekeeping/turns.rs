//! One node at a time removes what is over.

use std::time::Duration;

use wecom_login::{Clock as _, ManualClock, Retention};
use wecom_login_tests::node::{Node, Plan, SUITE, until};

const TURN: Duration = Duration::from_mins(10);

async fn ignored(node: &Node) -> i64 {
    node.number("SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored'").await
}

/// Puts so many ignored records into the inbox, with their hashes.
async fn fill(node: &Node, clock: &ManualClock, from: usize, number: usize) {
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
async fn two_nodes_take_turns_and_a_wrong_clock_stops_nobody() {
    let clock = ManualClock::starting_now();
    let (first, second) = (clock.clone(), clock.clone());
    let retention = Retention::default().with_ignored(20);
    let (kept, kept_too) = (retention.clone(), retention);
    let node = Node::start_with(Plan::default(), |builder| builder.clock(first).retention(kept)).await;
    let due = async || node.number("SELECT COALESCE(MAX(due_at), 0) FROM wecom_housekeeping").await;
    until("the first turn is taken", async || due().await > clock.now().as_millis()).await;
    let first_due = due().await;
    fill(&node, &clock, 0, 30).await;
    let other = node.another_handle_with(|builder| builder.clock(second).retention(kept_too)).await;
    // The other one started within the turn of the first: it looked, and it was not its turn.
    other.service().corps().await.unwrap();
    assert_eq!((due().await, ignored(&node).await), (first_due, 30));

    clock.advance(TURN);
    until("the surplus is gone", async || ignored(&node).await == 20).await;
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_callback_seen").await, 21, "with the ticket's");

    // A node whose clock was a year ahead took a turn, and was put right.
    node.database.execute("UPDATE wecom_housekeeping SET due_at = due_at + 31536000000").await;
    fill(&node, &clock, 30, 5).await;
    clock.advance(TURN);
    until("the surplus is gone again", async || ignored(&node).await == 20).await;
    other.shutdown().await;
}
