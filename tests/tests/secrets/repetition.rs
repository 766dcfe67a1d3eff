//! Calls that only read are repeated after a failure of WeCom that passes.

use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_sandbox::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn one_failure_of_gettoken_does_not_fail_the_login() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let of = || Fault::for_api("gettoken").times(1);
    let faults = [
        of().errcode(-1),
        of().errcode(6000),
        of().errcode(45033),
        of().http_status(500),
    ];
    let mut failed = Vec::new();
    for fault in faults {
        node.sandbox.expire_tokens();
        node.sandbox.fault(fault.clone()).unwrap();
        let answer = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
        if answer.status != 200 {
            failed.push((fault, answer.problem()));
        }
    }
    println!("{failed:?}");
    assert!(failed.is_empty(), "{failed:?}");
}
