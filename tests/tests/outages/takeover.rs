//! A node stops or dies with work in hand, and another one carries it out.

use std::time::{Duration, Instant};

use wecom_login::ManualClock;
use wecom_login_tests::forge::suite_event;
use wecom_login_tests::node::{Node, Plan, SUITE, until};
use wecom_sandbox::Fault;

const V2: &str = "service/v2/get_permanent_code";
const READ: &str = "service/v2/get_auth_info";
const RUNNING: &str = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'running'";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_works_on_when_it_stops_is_handed_back_at_once() {
    // A clock that stands: no lease runs out.
    let clock = ManualClock::starting_now();
    let node = Node::start_with(Plan::default(), |builder| builder.clock(clock.clone())).await;
    let corp = node.install(0).await;
    let before = node.sandbox.calls(READ);
    node.sandbox.fault(Fault::of(READ).delay_ms(60_000).times(1)).unwrap();
    let event = suite_event(SUITE, "change_auth", 1_700_000_000, &[("AuthCorpId", &corp)]);
    node.accepted(&node.forge.post(SUITE, &event)).await;
    until("WeCom is asked", async || node.sandbox.calls(READ) > before).await;
    assert_eq!(node.number(RUNNING).await, 1);
    let other = node.another_handle_with(|builder| builder.clock(clock.clone())).await;
    let asked = Instant::now();
    node.login.shutdown().await;
    println!("shut down with work in hand in {:?}", asked.elapsed());
    // Less than a lease: only what was handed back is taken.
    clock.advance(Duration::from_secs(1));
    until("another node did it", async || {
        let records = other.service().callback_records(None, 500, None).await.unwrap();
        let record = records.iter().find(|record| record.event == "change_auth").unwrap();
        record.status == wecom_login::RecordStatus::Succeeded
    })
    .await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auth_code_that_is_on_its_way_is_waited_for() {
    let node = Node::start(Plan::default()).await;
    node.sandbox.fault(Fault::of(V2).delay_ms(1_500).times(1)).unwrap();
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom is asked", async || node.sandbox.calls(V2) == 1).await;
    node.login.shutdown().await;
    let kept = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND exchanged";
    assert_eq!(node.number(kept).await, 1, "the answer was waited for and stored");
    let other = node.another_handle().await;
    until("another node let the company in", async || {
        let corps = other.service().corps().await.unwrap();
        corps.iter().any(|known| known.status == wecom_login::AuthorizationStatus::Active)
    })
    .await;
    assert_eq!(node.sandbox.calls(V2), 1, "the AuthCode was sent once");
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_dead_node_is_taken_over_within_ten_seconds() {
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    node.login.shutdown().await;
    // A node on threads of its own, which end in the middle of its work.
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let build = node.another_handle();
    let doomed = {
        let _threads = threads.enter();
        // The handle works on the runtime that it was built on.
        build.await
    };
    let before = node.sandbox.calls(READ);
    node.sandbox.fault(Fault::of(READ).delay_ms(60_000).times(1)).unwrap();
    let event = suite_event(SUITE, "change_auth", 1_700_000_000, &[("AuthCorpId", &corp)]);
    let push = node.forge.post(SUITE, &event);
    assert_eq!(doomed.service().notify("POST", &push.query, &push.body).await.status, 200);
    until("WeCom is asked", async || node.sandbox.calls(READ) > before).await;
    assert_eq!(node.number(RUNNING).await, 1);
    threads.shutdown_background();
    let died = Instant::now();
    let other = node.another_handle().await;
    until("another node did it", async || {
        let records = other.service().callback_records(None, 500, None).await.unwrap();
        let record = records.iter().find(|record| record.event == "change_auth").unwrap();
        record.status == wecom_login::RecordStatus::Succeeded
    })
    .await;
    println!("taken over {:?} after the death", died.elapsed());
    assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
    other.shutdown().await;
}
