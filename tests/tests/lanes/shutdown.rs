//! Shutdown while WeCom hangs.

use std::time::{Duration, Instant};

use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, TestRequest, until};
use wecom_sandbox::Fault;

const GET_AUTH_INFO: &str = "service/v2/get_auth_info";
const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
const SHUTDOWN: Duration = Duration::from_secs(3);

async fn shut_down_in_time(node: &TestApp, what: &str) {
    let began = Instant::now();
    node.login.shutdown().await;
    let took = began.elapsed();
    println!("{what}: shut down in {took:?}");
    assert!(took < SHUTDOWN, "{what}: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_during_a_hanging_re_read_takes_under_three_seconds() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    node.wait_until_done().await;
    let before = node.sandbox.calls(GET_AUTH_INFO);
    node.sandbox
        .fault(Fault::for_api(GET_AUTH_INFO).delay_ms(60_000))
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
        node.sandbox.calls(GET_AUTH_INFO) > before
    })
    .await;
    shut_down_in_time(&node, "a hanging re-read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_during_a_hanging_admission_releases_the_record() {
    let node = TestApp::builder().start().await;
    node.sandbox
        .fault(Fault::for_api(GET_AUTH_INFO).delay_ms(60_000))
        .unwrap();
    assert!(
        node.sandbox
            .install(&node.corp(0))
            .await
            .unwrap()
            .succeeded()
    );
    until("WeCom is called", async || {
        node.sandbox.calls(GET_AUTH_INFO) > 0
    })
    .await;
    shut_down_in_time(&node, "a hanging admission").await;
    let released = "SELECT COUNT(*) FROM wecom_callback_record \
        WHERE event = 'create_auth' AND status = 'waiting' AND lease_owner IS NULL";
    assert_eq!(node.number(released).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_during_a_hanging_visibility_check_takes_under_three_seconds() {
    let clock = wecom_login::ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let token = node.token_for_suite(SUITE, &corp, &node.user(0, 0)).await;
    let before = node.sandbox.calls("user/get");
    node.sandbox
        .fault(Fault::for_api("user/get").delay_ms(60_000))
        .unwrap();
    // The session is used until its member's visibility is a day old.
    until("WeCom is called", async || {
        clock.advance(Duration::from_hours(3));
        let _ = node.call(TestRequest::get("/me").bearer(&token)).await;
        node.sandbox.calls("user/get") > before
    })
    .await;
    shut_down_in_time(&node, "a hanging visibility check").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_an_auth_code_longer_than_for_other_work() {
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(transport.client()))
        .start()
        .await;
    transport.hold_responses(GET_PERMANENT_CODE);
    assert!(
        node.sandbox
            .install(&node.corp(0))
            .await
            .unwrap()
            .succeeded()
    );
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    let began = Instant::now();
    let ((), ()) = tokio::join!(node.login.shutdown(), async {
        // WeCom answers after longer than a shutdown takes otherwise.
        tokio::time::sleep(Duration::from_secs(12)).await;
        transport.release();
    });
    println!("an AuthCode on its way: shut down in {:?}", began.elapsed());
    let kept =
        "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND exchanged";
    assert_eq!(node.number(kept).await, 1, "the answer is stored");
    assert!(began.elapsed() < Duration::from_secs(12) + SHUTDOWN);
}
