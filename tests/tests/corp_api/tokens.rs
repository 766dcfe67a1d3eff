//! One access token for all calls of all nodes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use wecom_login::{ErrorKind, ManualClock, WecomLogin};
use wecom_login_tests::TestApp;

use super::corp_on;

/// A call, repeated while a machine under load exceeds the time limits. Returns the number of repetitions.
async fn call_despite_timeouts(on: &WecomLogin, corp_id: &str, user: &str) -> usize {
    let began = Instant::now();
    let mut late = 0;
    loop {
        let called = corp_on(on, corp_id).get::<Value>("user/get", &[("userid", user)]);
        match called.await {
            Ok(_) => return late,
            // These kinds are of time limits only.
            Err(error)
                if began.elapsed() < Duration::from_secs(120)
                    && matches!(
                        error.kind(),
                        ErrorKind::UpstreamTimeout | ErrorKind::StoreUnavailable
                    ) =>
            {
                late += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_calls_after_token_expiry_fetch_one_token() {
    // The clock stands still, so that the lease on the token does not expire.
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    call_despite_timeouts(&node.login, &corp_id, &user).await;
    // Tokens are distinguished by the second of their fetch.
    clock.advance(Duration::from_secs(1));
    node.sandbox.expire_tokens();
    let before = (
        node.sandbox.calls("gettoken"),
        node.sandbox.calls("user/get"),
    );
    let started = Instant::now();
    let calls = (0..500).map(|_| call_despite_timeouts(&node.login, &corp_id, &user));
    let late: usize = join_all(calls).await.into_iter().sum();
    let fetched = node.sandbox.calls("gettoken") - before.0;
    let called = node.sandbox.calls("user/get") - before.1;
    println!(
        "500 calls in {:?}: {fetched} gettoken, {called} user/get, {late} begun again",
        started.elapsed()
    );
    assert_eq!(fetched, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_three_nodes_after_token_expiry_fetch_one_token() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let same_clock = || node.second_handle_with(|builder| builder.clock(clock.clone()));
    let nodes = [node.login.clone(), same_clock().await, same_clock().await];
    for on in &nodes {
        call_despite_timeouts(on, &corp_id, &user).await;
    }
    for round in 0..3 {
        clock.advance(Duration::from_secs(1));
        node.sandbox.expire_tokens();
        let before = node.sandbox.calls("gettoken");
        let started = Instant::now();
        let calls = nodes
            .iter()
            .flat_map(|on| (0..170).map(|_| call_despite_timeouts(on, &corp_id, &user)));
        let late: usize = join_all(calls).await.into_iter().sum();
        let fetched = node.sandbox.calls("gettoken") - before;
        println!(
            "round {round}: 3 nodes × 170 calls in {:?}: {fetched} gettoken, {late} begun again",
            started.elapsed()
        );
        assert_eq!(fetched, 1);
    }
    for on in &nodes[1..] {
        on.shutdown().await;
    }
}

#[tokio::test]
async fn access_token_is_the_one_of_the_calls_and_is_replaced_by_its_value() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let issued = corp.access_token().await.unwrap();
    let lifetime = issued.expires_at.as_millis() - node.now_millis();
    assert!((1..=7_200_000).contains(&lifetime), "{lifetime}");
    assert!(!format!("{issued:?}").contains(issued.access_token.expose()));
    assert!(!node.database.contains(issued.access_token.expose()).await);
    let fetched = node.sandbox.calls("gettoken");
    assert_eq!(corp.access_token().await.unwrap(), issued);
    assert_eq!(node.sandbox.calls("gettoken"), fetched);

    clock.advance(Duration::from_secs(1));
    node.sandbox.expire_tokens();
    corp.invalidate_access_token(&issued.access_token)
        .await
        .unwrap();
    let next = corp.access_token().await.unwrap();
    assert_ne!(next.access_token, issued.access_token);
    // A late one changes nothing.
    corp.invalidate_access_token(&issued.access_token)
        .await
        .unwrap();
    assert_eq!(corp.access_token().await.unwrap(), next);
    assert_eq!(node.sandbox.calls("gettoken"), fetched + 1);
}
