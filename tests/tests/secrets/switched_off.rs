//! Corps that switch the app off: `gettoken` answers 40001, and `get_auth_info` as ever.

use std::time::Duration;

use serde_json::json;
use wecom_login::{ErrorKind, ManualClock};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

use crate::log_in;

const TEN_MINUTES: Duration = Duration::from_mins(10);

async fn with_corps(corps: usize, clock: &ManualClock) -> TestApp {
    let node = TestApp::builder().clock(clock).corps(corps).start().await;
    for corp in 0..corps {
        node.install(corp).await;
    }
    node
}

/// The first corps switch the app off, and a person of each tries to log in.
async fn switch_off(node: &TestApp, corps: usize) {
    let off: Vec<String> = (0..corps).map(|corp| node.corp(corp)).collect();
    node.sandbox
        .change_settings(json!({"disabled": off}))
        .await
        .unwrap();
    node.sandbox.expire_tokens();
    for corp in 0..corps {
        let refused = node
            .log_in_to_suite(SUITE, &node.corp(corp), &node.user(corp, 0))
            .await;
        assert_eq!(refused.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
    }
    until("each is found to be switched off", async || {
        let found = "SELECT COUNT(*) FROM wecom_authorization WHERE switched_off_at IS NOT NULL";
        node.number(found).await == i64::try_from(corps).unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_switched_off_of_25_corps_keep_nobody_else_out() {
    let clock = ManualClock::starting_now();
    let node = with_corps(25, &clock).await;
    switch_off(&node, 3).await;
    assert_eq!(node.sandbox.calls("gettoken"), 3, "one attempt each");
    let mut refused = Vec::new();
    for corp in 3..25 {
        let answer = node
            .log_in_to_suite(SUITE, &node.corp(corp), &node.user(corp, 0))
            .await;
        if answer.status != 200 {
            refused.push((corp, answer.problem()));
        }
    }
    println!(
        "3 of 25 corps switched off: {} others refused",
        refused.len()
    );
    assert_eq!(refused, []);
    let fetched = node.sandbox.calls("gettoken");
    // Their re-reads go on, and send no secret.
    let reads = || node.sandbox.calls(crate::AUTH_INFO);
    for _ in 0..3 {
        let before = reads();
        until("they are read again", async || {
            clock.advance(TEN_MINUTES);
            reads() >= before + 3
        })
        .await;
    }
    assert_eq!(node.sandbox.calls("gettoken"), fetched);
    let corp = node.corp_summary(SUITE, &node.corp(0)).await.unwrap();
    assert_eq!(corp.broken_by, Some(40001));
    // Switched on again, which WeCom tells by change_auth.
    node.sandbox
        .change_settings(json!({"disabled": null}))
        .await
        .unwrap();
    assert!(
        node.sandbox
            .change(&node.corp(0))
            .await
            .unwrap()
            .succeeded()
    );
    until("the authorization is healed", async || {
        clock.advance(Duration::from_secs(6));
        node.authorization_status(SUITE, &node.corp(0)).await == "active"
    })
    .await;
    assert_eq!(
        node.log_in_to_suite(SUITE, &node.corp(0), &node.user(0, 0))
            .await
            .status,
        200
    );
    assert_eq!(
        node.authorization_status(SUITE, &node.corp(1)).await,
        "broken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_switched_off_corps_keep_nobody_out_after_a_restart() {
    let clock = ManualClock::starting_now();
    let node = with_corps(12, &clock).await;
    switch_off(&node, 7).await;
    node.login.shutdown().await;
    let restarted = node
        .second_handle_with(|builder| builder.clock(clock.clone()))
        .await;
    let mut refused = Vec::new();
    for corp in 7..12 {
        if let Err(error) = log_in(&node, &restarted, corp).await {
            refused.push((corp, error.kind(), error.retry_after()));
        }
    }
    println!("7 of 12 corps switched off, a restart: {refused:?}");
    assert_eq!(refused, []);
    let fetched = node.sandbox.calls("gettoken");
    for _ in 0..3 {
        clock.advance(TEN_MINUTES);
        for corp in 0..7 {
            let error = log_in(&node, &restarted, corp).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CorpNotAuthorized);
        }
    }
    assert_eq!(
        node.sandbox.calls("gettoken"),
        fetched,
        "their secrets are sent no more"
    );
    restarted.shutdown().await;
}
