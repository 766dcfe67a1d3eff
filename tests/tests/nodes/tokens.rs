//! One node fetches a token for all.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_login::{AuthCode, CorpId, ManualClock, WecomLogin, WorkbenchLoginRequest};
use wecom_login_tests::node::{Node, Plan, until};

/// A login by the workbench on one of the nodes.
async fn log_in(node: &Node, on: &WecomLogin, corp: &str, user: &str) -> wecom_login::Result<()> {
    let code = node.sandbox.code(corp, user).unwrap();
    let request = WorkbenchLoginRequest::new(CorpId::new(corp).unwrap(), AuthCode::new(code));
    on.service().login_by_workbench(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_hundred_logins_on_three_nodes_after_the_tokens_died_fetch_one() {
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let nodes = [node.login.clone(), node.another_handle().await, node.another_handle().await];
    for on in &nodes {
        log_in(&node, on, &corp, &user).await.unwrap();
    }
    for round in 0..3 {
        node.sandbox.expire_tokens();
        let before = node.sandbox.calls("gettoken");
        let started = Instant::now();
        let logins = nodes.iter().flat_map(|on| (0..300).map(|_| log_in(&node, on, &corp, &user)));
        let failed: Vec<_> = join_all(logins).await.into_iter().filter_map(Result::err).collect();
        let fetched = node.sandbox.calls("gettoken") - before;
        let (took, failures) = (started.elapsed(), failed.len());
        println!("round {round}: 3 nodes × 300 logins in {took:?}: {fetched} gettoken, {failures} failed");
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(fetched, 1);
    }
    for on in &nodes[1..] {
        on.shutdown().await;
    }
}

#[tokio::test]
async fn a_token_is_refreshed_ahead_by_one_node() {
    let clock = ManualClock::starting_now();
    let node = Node::start_with(Plan::default(), |builder| builder.clock(clock.clone())).await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let same_clock = || node.another_handle_with(|builder| builder.clock(clock.clone()));
    let nodes = [node.login.clone(), same_clock().await, same_clock().await];
    for on in &nodes {
        log_in(&node, on, &corp, &user).await.unwrap();
    }
    let first = node.sandbox.calls("gettoken");
    // It lives two hours; in its last ten minutes the next one is fetched beside the logins.
    clock.advance(Duration::from_secs(7_200 - 500));
    for _ in 0..8 {
        let logins = nodes.iter().flat_map(|on| (0..20).map(|_| log_in(&node, on, &corp, &user)));
        assert!(join_all(logins).await.into_iter().all(|login| login.is_ok()));
        until("it is refreshed", async || node.sandbox.calls("gettoken") > first).await;
        clock.advance(Duration::from_secs(61));
    }
    assert_eq!(node.sandbox.calls("gettoken"), first + 1);
    for on in &nodes[1..] {
        on.shutdown().await;
    }
}
