//! The time of the call that exchanges an AuthCode.

use std::time::Duration;

use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::until;

const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
/// The limit of every other call in this test.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn exchange_that_takes_longer_than_other_calls_is_waited_for() {
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| {
            builder.http_client(transport.client().with_call_timeout(CALL_TIMEOUT))
        })
        .start()
        .await;
    transport.hold_responses(GET_PERMANENT_CODE);
    let corp = node.corp(0);
    assert!(node.sandbox.install(&corp).await.unwrap().succeeded());
    until("WeCom has answered", async || {
        transport.held_responses() == 1
    })
    .await;
    // The answer is late: this is the fault, not a wait for an effect.
    tokio::time::sleep(CALL_TIMEOUT * 2).await;
    transport.release();
    node.wait_until_active(SUITE, &corp).await;
    assert_eq!(
        node.sandbox.calls(GET_PERMANENT_CODE),
        1,
        "the code was sent once"
    );
}
