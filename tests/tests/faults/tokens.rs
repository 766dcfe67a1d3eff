//! Access tokens expire or are rejected.

use std::time::{Duration, Instant};

use wecom_login::ManualClock;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn thousand_logins_after_token_expiry_fetch_one_token() {
    // The clock stands still, so that the lease on the token does not expire.
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    // Tokens are distinguished by the second of their fetch.
    clock.advance(Duration::from_secs(1));
    node.sandbox.expire_tokens();
    let before = node.sandbox.calls("gettoken");
    let started = Instant::now();
    // The round is repeated if a machine under load exceeds the time limit of a login.
    let at_last = async || {
        let mut late = 0;
        loop {
            let answer = node.log_in_to_suite(SUITE, &corp, &user).await;
            if !matches!(answer.status, 503 | 504) || started.elapsed() > Duration::from_secs(120) {
                return (answer, late);
            }
            late += 1;
        }
    };
    let answers = futures_util::future::join_all((0..1000).map(|_| at_last())).await;
    let failed = answers.iter().filter(|(answer, _)| answer.status != 200);
    let failed: Vec<_> = failed.map(|(answer, _)| answer.json()).collect();
    let late: usize = answers.iter().map(|(_, late)| late).sum();
    let fetched = node.sandbox.calls("gettoken") - before;
    println!(
        "1000 logins in {:?}: {fetched} gettoken, {late} begun again",
        started.elapsed()
    );
    assert_eq!(fetched, 1);
    assert_eq!(failed, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn token_is_refreshed_once_before_it_expires() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    let first = node.sandbox.calls("gettoken");
    // A token is valid for two hours. In its last ten minutes it is refreshed in the background.
    clock.advance(Duration::from_secs(7_200 - 900));
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    assert_eq!(node.sandbox.calls("gettoken"), first);
    clock.advance(Duration::from_secs(400));
    node.sandbox
        .fault(Fault::for_api("gettoken").delay_ms(300))
        .unwrap();
    let answers =
        futures_util::future::join_all((0..50).map(|_| node.log_in_to_suite(SUITE, &corp, &user)))
            .await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    until("the token is refreshed", async || {
        node.sandbox.calls("gettoken") > first
    })
    .await;
    for _ in 0..20 {
        assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    }
    assert_eq!(node.sandbox.calls("gettoken"), first + 1);
}

#[tokio::test]
async fn rejected_token_is_refetched_once_and_the_code_is_still_used() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    for (errcode, fetches) in [(40014, 1), (42001, 1)] {
        assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
        let before = (
            node.sandbox.calls("gettoken"),
            node.sandbox.calls("auth/getuserinfo"),
        );
        node.sandbox
            .fault(Fault::for_api("auth/getuserinfo").errcode(errcode).times(1))
            .unwrap();
        assert_eq!(
            node.log_in_to_suite(SUITE, &corp, &user).await.status,
            200,
            "{errcode}"
        );
        let after = (
            node.sandbox.calls("gettoken"),
            node.sandbox.calls("auth/getuserinfo"),
        );
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (fetches, 2),
            "{errcode}"
        );
    }
    // Never a loop: twice is the end.
    node.sandbox
        .fault(Fault::for_api("auth/getuserinfo").errcode(40014))
        .unwrap();
    let before = node.sandbox.calls("auth/getuserinfo");
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &user).await.problem(),
        (502, "UPSTREAM_ERROR".to_owned())
    );
    assert_eq!(node.sandbox.calls("auth/getuserinfo"), before + 2);
}
