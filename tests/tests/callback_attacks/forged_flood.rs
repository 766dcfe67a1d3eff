//! Redelivered pushes, and pushes that cannot be stored.

use std::time::{Duration, Instant};

use wecom_login::{Clock as _, ManualClock, NotifyRequest};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::{SignedPush, suite_event};
use wecom_login_tests::{TestApp, until};

/// WeCom disconnects after this time.
const WECOM_TIMEOUT: Duration = Duration::from_secs(5);
const NOW: i64 = 1_700_000_000;

fn leaves(node: &TestApp, corp: &str, user: &str) -> SignedPush {
    node.push_builder.unsubscribe(corp, user)
}

#[tokio::test]
async fn redeliveries_are_answered_from_memory_and_counted() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let push = leaves(&node, &corp, "somebody");
    node.notify_until_done(&push, "unsubscribe").await;
    // No statement can write, so each response comes from memory.
    let lock = node.database.lock().await;
    let started = Instant::now();
    let mut refused = 0;
    for _ in 0..500 {
        // The first may come before the event is in memory: it is there a moment after its record is written.
        refused += node.notify_until_accepted(&push).await;
    }
    println!(
        "500 repetitions answered from memory in {:?}, {refused} refused",
        started.elapsed()
    );
    lock.release().await;
    // A push may be stored although its response was an error: the response was too late, the work went on.
    until("the redeliveries are counted", async || {
        let records = node.records().await;
        let record = records
            .iter()
            .find(|record| record.event == "unsubscribe")
            .unwrap();
        (500..=500 + refused).contains(&usize::try_from(record.duplicates).unwrap())
    })
    .await;
    assert_eq!(node.record_statuses("unsubscribe").await, ["succeeded"]);
}

#[tokio::test]
async fn unstorable_push_is_500_and_redelivered() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    let push = leaves(&node, &corp, &user);
    node.database
        .execute("ALTER TABLE wecom_callback_record RENAME TO gone")
        .await;
    let answer = node.notify(&push).await;
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    node.database
        .execute("ALTER TABLE gone RENAME TO wecom_callback_record")
        .await;
    assert!(
        node.is_valid(&token).await,
        "an event that was not stored is not executed"
    );
    node.notify_until_done(&push, "unsubscribe").await;
    until("the session is revoked", async || {
        !node.is_valid(&token).await
    })
    .await;
}

#[tokio::test]
async fn push_during_database_hang_is_500_in_time_and_not_lost() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let pushes: Vec<SignedPush> = (0..60)
        .map(|number| leaves(&node, &corp, &format!("user-{number}")))
        .collect();
    let lock = node.database.lock().await;
    // A machine under load may be late. A limit that is not there is late each time: the lock is not released.
    for attempt in 1.. {
        let started = Instant::now();
        let mut waiting = tokio::task::JoinSet::new();
        for push in pushes.clone() {
            let service = node.login.service();
            waiting.spawn(async move {
                service
                    .notify(NotifyRequest::post(&push.query, push.body.clone()))
                    .await
                    .status
            });
        }
        let answers = waiting.join_all().await;
        let slowest = started.elapsed();
        println!("60 pushes at a locked database: answered within {slowest:?}");
        assert!(answers.iter().all(|status| *status == 500), "{answers:?}");
        if slowest < WECOM_TIMEOUT {
            break;
        }
        assert!(attempt < 5, "{slowest:?}");
    }
    lock.release().await;
    for push in &pushes {
        // As WeCom does: again until it is taken.
        until("the push is accepted", async || {
            node.notify(push).await.status == 200
        })
        .await;
    }
    until("every record is done", async || {
        node.record_statuses("unsubscribe").await == vec!["succeeded"; 60]
    })
    .await;
}

#[tokio::test]
async fn newest_ten_thousand_ignored_records_are_kept() {
    let clock = ManualClock::starting_now();
    let its = clock.clone();
    let node = TestApp::builder().clock(&its).start().await;
    let now = clock.now().as_millis();
    for fifty in 0..201 {
        let rows: Vec<String> = (0..50)
            .map(|row| {
                let hash = node.database.literal(&format!("{:0>32}", fifty * 50 + row));
                let suite = node.database.literal(SUITE);
                format!("({suite}, 'chat', 'ignored', 0, 0, {hash}, {now}, 0, FALSE, FALSE)")
            })
            .collect();
        let insert = format!(
            "INSERT INTO wecom_callback_record (suite_id, event, status, attempts, duplicates, hash, received_at, \
             due_at, exchanged, guessed) VALUES {}",
            rows.join(", ")
        );
        node.database.execute(&insert).await;
    }
    let count = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored'";
    assert_eq!(node.number(count).await, 10_050);
    clock.advance(Duration::from_mins(10));
    until("fifty rows are deleted", async || {
        node.number(count).await == 10_000
    })
    .await;
}

#[tokio::test]
async fn redelivered_event_retries_its_failed_record() {
    let node = TestApp::builder().start().await;
    node.install(0).await;
    let push = node.push_builder.post(
        SUITE,
        &suite_event(SUITE, "create_auth", NOW, &[("AuthCode", "no-such-code")]),
    );
    node.notify_until_accepted(&push).await;
    until("the record failed", async || {
        node.record_statuses("create_auth").await[0] == "failed"
    })
    .await;
    let attempts = async || node.records().await[0].attempts;
    let before = attempts().await;
    node.notify_until_accepted(&push).await;
    until("the record was tried again", async || {
        attempts().await > before
    })
    .await;
    until("the record failed again", async || {
        node.record_statuses("create_auth").await[0] == "failed"
    })
    .await;
}
