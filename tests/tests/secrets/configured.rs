//! Wrong secrets of a suite and of the provider, on three nodes.

use std::time::Duration;

use wecom_login::wecom::InstallState;
use wecom_login::{Clock as _, ManualClock, SuiteId, WecomLogin};
use wecom_login_tests::app::{SUITE, UNFINISHED_RECORDS};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

const TEN_MINUTES: Duration = Duration::from_mins(10);
const SUITE_TOKEN: &str = "service/get_suite_token";
const PROVIDER_TOKEN: &str = "service/get_provider_token";

async fn three_nodes(node: &TestApp, clock: &ManualClock) -> [WecomLogin; 3] {
    let another = || node.second_handle_with(|builder| builder.clock(clock.clone()));
    [node.login.clone(), another().await, another().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_suite_secret_is_sent_once_in_ten_minutes_by_three_nodes() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).corps(3).start().await;
    let nodes = three_nodes(&node, &clock).await;
    node.sandbox
        .fault(Fault::for_api(SUITE_TOKEN).errcode(40001))
        .unwrap();
    for corp in 0..3 {
        assert!(
            node.sandbox
                .install(&node.corp(corp))
                .await
                .unwrap()
                .succeeded()
        );
    }
    let began = clock.now();
    let due = || {
        format!(
            "{UNFINISHED_RECORDS} AND due_at <= {}",
            clock.now().as_millis()
        )
    };
    while clock.now().since(began) < TEN_MINUTES {
        clock.advance(Duration::from_secs(5));
        until("the due records were attempted", async || {
            clock.advance(Duration::from_millis(100));
            node.number(&due()).await == 0
        })
        .await;
    }
    let sent = node.sandbox.calls(SUITE_TOKEN);
    println!("wrong suite secret, three nodes: {sent} attempts in ten minutes");
    assert!((1..=2).contains(&sent), "{sent}");
    let hints: Vec<String> = node
        .records()
        .await
        .into_iter()
        .filter(|record| record.event == "create_auth")
        .filter_map(|record| record.hint)
        .collect();
    assert!(!hints.is_empty());
    for node in &nodes[1..] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_waits_for_a_wrong_suite_secret_names_the_suite_secret() {
    let node = TestApp::builder().start().await;
    node.sandbox
        .fault(Fault::for_api(SUITE_TOKEN).errcode(40001))
        .unwrap();
    assert!(
        node.sandbox
            .install(&node.corp(0))
            .await
            .unwrap()
            .succeeded()
    );
    until("the record has a hint", async || {
        node.records()
            .await
            .iter()
            .any(|record| record.event == "create_auth" && record.hint.is_some())
    })
    .await;
    let records = node.records().await;
    let record = records
        .iter()
        .find(|record| record.event == "create_auth")
        .unwrap();
    let hint = record.hint.as_deref().unwrap();
    println!("{hint}");
    assert!(hint.contains("suite secret") && !hint.contains("重新获取secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_provider_secret_is_sent_once_in_ten_minutes_by_three_nodes() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).provider().start().await;
    let nodes = three_nodes(&node, &clock).await;
    node.sandbox
        .fault(Fault::for_api(PROVIDER_TOKEN).errcode(40001))
        .unwrap();
    let (suite, state) = (
        SuiteId::new(SUITE).unwrap(),
        InstallState::new("abc").unwrap(),
    );
    for _ in 0..10 {
        for node in &nodes {
            let suites = [suite.clone()];
            let error = node
                .links()
                .authorization_link(&suites, &state)
                .await
                .unwrap_err();
            assert_eq!(error.errcode(), Some(40001), "{error:?}");
        }
        clock.advance(Duration::from_secs(50));
    }
    let sent = node.sandbox.calls(PROVIDER_TOKEN);
    println!("stale provider secret, three nodes: {sent} of 30 attempts sent");
    assert_eq!(sent, 1);
    // What was right all along is tried again, and then in use.
    node.sandbox.clear_faults();
    clock.advance(TEN_MINUTES);
    nodes[2]
        .links()
        .authorization_link(&[suite], &state)
        .await
        .unwrap();
    for node in &nodes[1..] {
        node.shutdown().await;
    }
}
