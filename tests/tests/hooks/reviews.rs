//! The review of a corp.

use std::time::{Duration, Instant};

use wecom_login::ManualClock;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

use crate::push_cancellation;

#[tokio::test]
async fn corp_whose_review_fails_after_an_undone_cancellation_becomes_active() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    node.hooks.fail_next(2);
    // WeCom contradicts it: the corp still has the app.
    push_cancellation(&node, &corp).await;
    until("the review has failed twice", async || {
        clock.advance(Duration::from_secs(5));
        node.hooks.count(&format!("wants in: {corp}")) >= 3
    })
    .await;
    until("the corp is active", async || {
        clock.advance(Duration::from_secs(5));
        node.authorization_status(SUITE, &corp).await == "active"
    })
    .await;
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
}

/// The corps that cancel while reviews hang: of as many measurements one has to be short, since the machine may stall.
const CANCELLING: usize = 3;

#[tokio::test]
async fn hanging_reviews_delay_no_cancellation() {
    let node = TestApp::builder().corps(CANCELLING + 20).start().await;
    let mut cancelling = Vec::new();
    for number in 0..CANCELLING {
        let corp = node.install(number).await;
        let token = node
            .issue_session(SUITE, &corp, &node.user(number, 0))
            .await;
        cancelling.push((corp, token));
    }
    node.hooks.hang();
    for number in CANCELLING..CANCELLING + 20 {
        let delivery = node.sandbox.install(&node.corp(number)).await.unwrap();
        assert!(delivery.succeeded(), "{delivery:?}");
    }
    until("the reviews hang", async || node.hooks.hanging() >= 16).await;
    let mut fastest = Duration::MAX;
    for (corp, token) in &cancelling {
        push_cancellation(&node, corp).await;
        let stored = Instant::now();
        until("the session is revoked", async || {
            !node.is_valid(token).await
        })
        .await;
        fastest = fastest.min(stored.elapsed());
    }
    assert!(fastest < Duration::from_secs(1), "it took {fastest:?}");
    node.hooks.resume();
    for number in CANCELLING..CANCELLING + 20 {
        node.wait_until_active(SUITE, &node.corp(number)).await;
    }
}
