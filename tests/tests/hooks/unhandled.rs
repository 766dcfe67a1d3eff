//! Events that the login does not act on.

use std::time::Duration;

use wecom_login::{Hooks, ManualClock, Retention};
use wecom_login_tests::hooks::RecordingHooks;
use wecom_login_tests::push::app_event;
use wecom_login_tests::{TestApp, until};

/// Pushes an event that nobody acts on, with these words.
async fn push_event(node: &TestApp, number: usize, words: &str) {
    let event = app_event(
        "wwstranger",
        "enter_agent",
        number as i64,
        &[("Note", words)],
    );
    let push = node.push_builder.post("wwstranger", &event);
    node.notify_until_accepted(&push).await;
}

#[tokio::test]
async fn unhandled_event_is_told_after_a_restart() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    node.hooks.hang();
    push_event(&node, 1, "an order").await;
    until("the hook hangs", async || node.hooks.hanging() > 0).await;
    // The process ends. The hooks of the next one answer.
    node.login.shutdown().await;
    let later = RecordingHooks::default();
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()).hooks(later.clone()))
        .await;
    until("the next start tells it", async || {
        clock.advance(Duration::from_secs(5));
        later.unhandled().len() == 1
    })
    .await;
    let message = later.unhandled().remove(0).message;
    assert!(String::from_utf8(message).unwrap().contains("an order"));
    other.shutdown().await;
}

#[tokio::test]
async fn unhandled_event_is_told_again_after_a_failure() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    node.hooks.refuse_next(2);
    push_event(&node, 1, "an order").await;
    until("the hook has failed", async || node.hooks.refused() == 1).await;
    assert_eq!(node.hooks.unhandled().len(), 0);
    assert!(
        !node.database.contains("an order").await,
        "the payload is sealed"
    );
    until("the hook is called again", async || {
        clock.advance(Duration::from_secs(1));
        node.hooks.unhandled().len() == 1
    })
    .await;
    assert_eq!(node.hooks.refused(), 2);
    until("nothing is kept that is taken", async || {
        node.number(STORED).await == 0
    })
    .await;
    // The same push again is the same event.
    push_event(&node, 1, "an order").await;
    assert_eq!(node.number(STORED).await, 0);
}

/// The events that are stored.
const STORED: &str = "SELECT COUNT(*) FROM wecom_notification WHERE kind = 'unhandled_event'";

/// Hooks that say nothing about unhandled events.
struct OtherHooks;

impl Hooks for OtherHooks {}

#[tokio::test]
async fn unhandled_event_is_not_stored_if_no_hook_handles_it() {
    let node = TestApp::builder()
        .configure(|builder| builder.hooks(OtherHooks))
        .start()
        .await;
    push_event(&node, 1, "an order").await;
    until("the event is recorded", async || {
        node.record_statuses("enter_agent").await == ["ignored"]
    })
    .await;
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_notification").await,
        0
    );
}

#[tokio::test]
async fn newest_unhandled_events_are_kept_for_a_day() {
    const MAX: usize = 20;
    let clock = ManualClock::starting_now();
    let retention = Retention::default().with_max_ignored(MAX as u64);
    let node = TestApp::builder()
        .clock(&clock)
        .configure(move |builder| builder.retention(retention))
        .start()
        .await;
    node.hooks.refuse_next(u32::MAX);
    for number in 0..130 {
        push_event(&node, number, &format!("order-{number}")).await;
    }
    until("the oldest are deleted", async || {
        clock.advance(Duration::from_secs(30));
        node.number(STORED).await == MAX as i64
    })
    .await;
    clock.advance(Duration::from_hours(24));
    until("they are too old", async || {
        clock.advance(Duration::from_secs(30));
        node.number(STORED).await == 0
    })
    .await;
    node.hooks.refuse_next(0);
    push_event(&node, 1_000, "the newest").await;
    until("the hook takes the newest", async || {
        node.hooks.unhandled().len() == 1
    })
    .await;
}
