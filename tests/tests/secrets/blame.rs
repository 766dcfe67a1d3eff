//! Failed logins that are the corp's fault count against nobody.

use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_sandbox::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_people_of_a_broken_corp_do_not_limit_their_address() {
    let node = TestApp::builder().start().await;
    let (broken, good) = (node.install(0).await, node.install(1).await);
    node.sandbox
        .fault(Fault::for_api("gettoken").errcode(40001).times(1))
        .unwrap();
    for _ in 0..61 {
        let refused = node.log_in_to_suite(SUITE, &broken, &node.user(0, 0)).await;
        assert_eq!(refused.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
    }
    // Requests in memory have no address and share one limit.
    let answer = node.log_in_to_suite(SUITE, &good, &node.user(1, 0)).await;
    println!("after 61 of a broken corp: {}", answer.status);
    assert_eq!(answer.status, 200, "{:?}", answer.json());
}
