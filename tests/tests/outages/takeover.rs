//! A node stops or dies with work in hand, and another one carries it out.

use std::time::{Duration, Instant};

use wecom_login::{ManualClock, WecomLogin};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until, until_mut};
use wecom_sandbox::Fault;

const V2: &str = "service/v2/get_permanent_code";
const READ: &str = "service/v2/get_auth_info";
const RUNNING: &str = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'running'";

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_releases_running_records_at_once() {
    // A clock that stands: no lease runs out.
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let before = node.sandbox.calls(READ);
    node.sandbox
        .fault(Fault::of(READ).delay_ms(60_000).times(1))
        .unwrap();
    let event = suite_event(
        SUITE,
        "change_auth",
        1_700_000_000,
        &[("AuthCorpId", &corp)],
    );
    node.notify_until_accepted(&node.push_builder.post(SUITE, &event))
        .await;
    until("WeCom is called", async || {
        node.sandbox.calls(READ) > before
    })
    .await;
    assert_eq!(node.number(RUNNING).await, 1);
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    let asked = Instant::now();
    node.login.shutdown().await;
    println!("shut down with work in hand in {:?}", asked.elapsed());
    // No time passes: only what was handed back is taken. A push makes the other node look.
    look(&node, &other, "first").await;
    wait_until_succeeded(&other).await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_the_exchange_in_flight() {
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(transport.client()))
        .start()
        .await;
    transport.hold_responses(V2);
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    let ((), ()) = tokio::join!(node.login.shutdown(), async {
        // It is asked to stop before the answer comes.
        tokio::task::yield_now().await;
        transport.release();
    });
    let kept =
        "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND exchanged";
    assert_eq!(
        node.number(kept).await,
        1,
        "shutdown waited for the answer and stored it"
    );
    let other = node.second_handle().await;
    until("another node activated the authorization", async || {
        let corps = other.admin().corps().await.unwrap();
        corps
            .iter()
            .any(|known| known.status == wecom_login::AuthorizationStatus::Active)
    })
    .await;
    assert_eq!(node.sandbox.calls(V2), 1, "the AuthCode was sent once");
    other.shutdown().await;
}

/// A node with this clock dies while it asks WeCom about a corp. Nobody else is there.
async fn a_node_dies_at_work(clock: &ManualClock) -> TestApp {
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    node.login.shutdown().await;
    // A node on threads of its own, which end in the middle of its work.
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let build = node.second_handle_with(|builder| builder.clock(clock.clone()));
    let doomed = {
        let _threads = threads.enter();
        // The handle works on the runtime that it was built on.
        build.await
    };
    let before = node.sandbox.calls(READ);
    node.sandbox
        .fault(Fault::of(READ).delay_ms(60_000).times(1))
        .unwrap();
    let event = suite_event(
        SUITE,
        "change_auth",
        1_700_000_000,
        &[("AuthCorpId", &corp)],
    );
    let push = node.push_builder.post(SUITE, &event);
    until("the push is accepted", async || {
        doomed
            .service()
            .notify("POST", &push.query, &push.body)
            .await
            .status
            == 200
    })
    .await;
    until("WeCom is called", async || {
        node.sandbox.calls(READ) > before
    })
    .await;
    assert_eq!(node.number(RUNNING).await, 1);
    threads.shutdown_background();
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_dead_node_is_taken_over_within_ten_seconds() {
    // By a clock that the test moves: the machine may take as long as it likes.
    let clock = ManualClock::starting_now();
    let node = a_node_dies_at_work(&clock).await;
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    // Whether it lives is not known before its lease is over: until then nobody takes its work.
    clock.advance(Duration::from_secs(5));
    look(&node, &other, "first").await;
    let still_its = format!("{RUNNING} AND attempts = 1 AND event = 'change_auth'");
    assert_eq!(node.number(&still_its).await, 1);
    clock.advance(Duration::from_secs(5));
    look(&node, &other, "second").await;
    wait_until_succeeded(&other).await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_node_takes_over_within_ten_seconds() {
    let clock = ManualClock::starting_now();
    let node = a_node_dies_at_work(&clock).await;
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    let taken_over =
        "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'change_auth' AND attempts = 2";
    clock.advance(Duration::from_secs(5));
    // By little and little, so that a look which is slow misses little of the time.
    let step = Duration::from_millis(50);
    let mut left = Duration::from_secs(5);
    until_mut("another node has the record", async || {
        let moves = step.min(left);
        clock.advance(moves);
        left -= moves;
        node.number(taken_over).await == 1
    })
    .await;
    println!("taken over with {left:?} of ten seconds left");
    until("the other node executed the record", async || {
        node.number(&format!("{taken_over} AND status = 'succeeded'"))
            .await
            == 1
    })
    .await;
    other.shutdown().await;
}

/// Makes a node look for work, and waits until it has looked.
async fn look(node: &TestApp, other: &WecomLogin, somebody: &str) {
    let push = node.push_builder.unsubscribe(&node.corp(0), somebody);
    until("the push is accepted", async || {
        other
            .service()
            .notify("POST", &push.query, &push.body)
            .await
            .status
            == 200
    })
    .await;
    // It carries out what is due in its order: what came before has been looked at.
    let ended = format!(
        "SELECT COUNT(*) FROM wecom_person WHERE epoch > 0 AND user_id = {}",
        node.database.literal(somebody)
    );
    until("the record is done", async || {
        node.number(&ended).await == 1
    })
    .await;
}

/// Waits until the handle shows that the `change_auth` has succeeded.
async fn wait_until_succeeded(login: &WecomLogin) {
    until("another node executed the event", async || {
        let records = login
            .admin()
            .callback_records(None, 500, None)
            .await
            .unwrap();
        let record = records
            .iter()
            .find(|record| record.event == "change_auth")
            .unwrap();
        record.status == wecom_login::RecordStatus::Succeeded
    })
    .await;
}
