//! A node stops or crashes with running records, and another takes them over.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use wecom_login::{ManualClock, NotifyRequest, WecomLogin};
use wecom_login_tests::adapter::{Adapter as _, AxumAdapter, Layout};
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until, until_mut};
use wecom_sandbox::Fault;

const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
const GET_AUTH_INFO: &str = "service/v2/get_auth_info";
const RUNNING: &str = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'running'";

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_releases_running_records_at_once() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    node.install(0).await;
    node.wait_until_done().await;
    install_while_wecom_hangs(&node).await;
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    let asked = Instant::now();
    node.login.shutdown().await;
    println!("shut down with work in hand in {:?}", asked.elapsed());
    // Less time passes than a lease lasts: only released records can be claimed. The other node polls for them.
    clock.advance(Duration::from_secs(1));
    poll_once(&node, &other, "first").await;
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
    transport.hold_responses(GET_PERMANENT_CODE);
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    let ((), ()) = tokio::join!(node.login.shutdown(), async {
        // Shutdown begins before the answer arrives.
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
    assert_eq!(
        node.sandbox.calls(GET_PERMANENT_CODE),
        1,
        "the AuthCode was sent once"
    );
    other.shutdown().await;
}

/// A node with this clock crashes while it calls WeCom about a corp. No other node runs.
async fn crash_with_running_record(clock: &ManualClock) -> TestApp {
    let node = TestApp::builder().clock(clock).start().await;
    node.install(0).await;
    node.wait_until_done().await;
    node.login.shutdown().await;
    // A node on a runtime of its own, which is shut down in the middle of its work.
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
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = AxumAdapter.serve(&doomed, Layout::Auth, listener);
    node.sandbox
        .set_notify(&format!("http://{address}/auth/notify"))
        .unwrap();
    install_while_wecom_hangs(&node).await;
    threads.shutdown_background();
    drop(server);
    node
}

/// The second corp installs, and WeCom hangs once its AuthCode is exchanged: the record stays in work.
async fn install_while_wecom_hangs(node: &TestApp) {
    let before = node.sandbox.calls(GET_AUTH_INFO);
    node.sandbox
        .fault(Fault::for_api(GET_AUTH_INFO).delay_ms(60_000).times(1))
        .unwrap();
    assert!(
        node.sandbox
            .install(&node.corp(1))
            .await
            .unwrap()
            .succeeded()
    );
    until("WeCom is called", async || {
        node.sandbox.calls(GET_AUTH_INFO) > before
    })
    .await;
    assert_eq!(node.number(RUNNING).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_dead_node_is_taken_over_within_ten_seconds() {
    // On a manual clock: the machine may take as long as it needs.
    let clock = ManualClock::starting_now();
    let node = crash_with_running_record(&clock).await;
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    // Before its lease expires nobody claims its record.
    clock.advance(Duration::from_secs(5));
    poll_once(&node, &other, "first").await;
    let still_its = format!("{RUNNING} AND attempts = 1 AND event = 'create_auth'");
    assert_eq!(node.number(&still_its).await, 1);
    clock.advance(Duration::from_secs(5));
    poll_once(&node, &other, "second").await;
    wait_until_succeeded(&other).await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_node_takes_over_within_ten_seconds() {
    let clock = ManualClock::starting_now();
    let node = crash_with_running_record(&clock).await;
    let other = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    let taken_over =
        "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND attempts = 2";
    clock.advance(Duration::from_secs(5));
    // In small steps, so that a slow poll misses little time.
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

/// Makes a node poll for records, and waits until it has polled.
async fn poll_once(node: &TestApp, other: &WecomLogin, somebody: &str) {
    let push = node.push_builder.unsubscribe(&node.corp(0), somebody);
    until("the push is accepted", async || {
        other
            .service()
            .notify(NotifyRequest::post(&push.query, push.body.clone()))
            .await
            .status
            == 200
    })
    .await;
    // Each lane polls when the clock moves, so the others have looked for work by now.
    let ended = format!(
        "SELECT COUNT(*) FROM wecom_person WHERE epoch > 0 AND user_id = {}",
        node.database.literal(somebody)
    );
    until("the record is done", async || {
        node.number(&ended).await == 1
    })
    .await;
}

/// Waits until the handle shows that the newest `create_auth` has succeeded.
async fn wait_until_succeeded(login: &WecomLogin) {
    until("another node executed the event", async || {
        let records = login
            .admin()
            .callback_records(None, 500, None)
            .await
            .unwrap();
        let record = records
            .iter()
            .find(|record| record.event == "create_auth")
            .unwrap();
        record.status == wecom_login::RecordStatus::Succeeded
    })
    .await;
}
