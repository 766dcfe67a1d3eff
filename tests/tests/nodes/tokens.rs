//! Access tokens fetched by one node for all.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_login::{CorpId, ErrorKind, ManualClock, OAuthCode, WecomLogin, WorkbenchLoginRequest};
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};

/// A login from the workbench on one of the nodes.
async fn log_in(
    node: &TestApp,
    on: &WecomLogin,
    corp: &str,
    user: &str,
) -> wecom_login::Result<()> {
    let code = node.sandbox.code(corp, user).unwrap();
    let request = WorkbenchLoginRequest::new(CorpId::new(corp).unwrap(), OAuthCode::new(code));
    on.service().login_by_workbench(request).await.map(drop)
}

/// The same, repeated while a machine under load exceeds the time limits. Returns the number of repetitions.
async fn log_in_despite_timeouts(
    node: &TestApp,
    on: &WecomLogin,
    corp: &str,
    user: &str,
) -> wecom_login::Result<usize> {
    let began = Instant::now();
    let mut late = 0;
    loop {
        match log_in(node, on, corp, user).await {
            Ok(()) => return Ok(late),
            Err(error) if began.elapsed() > Duration::from_secs(120) => return Err(error),
            // These kinds are of time limits only.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UpstreamTimeout | ErrorKind::StoreUnavailable
                ) =>
            {
                late += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_on_three_nodes_after_token_expiry_fetch_one_token() {
    // The clock stands still, so that the lease of a node with many queued statements does not expire.
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let same_clock = || node.second_handle_with(|builder| builder.clock(clock.clone()));
    let nodes = [node.login.clone(), same_clock().await, same_clock().await];
    for on in &nodes {
        log_in_despite_timeouts(&node, on, &corp, &user)
            .await
            .unwrap();
    }
    for round in 0..3 {
        // Tokens are distinguished by the second of their fetch.
        clock.advance(Duration::from_secs(1));
        node.sandbox.expire_tokens();
        let before = node.sandbox.calls("gettoken");
        let started = Instant::now();
        let logins = nodes
            .iter()
            .flat_map(|on| (0..300).map(|_| log_in_despite_timeouts(&node, on, &corp, &user)));
        let (done, failed): (Vec<_>, Vec<_>) =
            join_all(logins).await.into_iter().partition(Result::is_ok);
        let late: usize = done.into_iter().flatten().sum();
        let fetched = node.sandbox.calls("gettoken") - before;
        let took = started.elapsed();
        println!(
            "round {round}: 3 nodes × 300 logins in {took:?}: {fetched} gettoken, {late} repeated"
        );
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(fetched, 1);
    }
    for on in &nodes[1..] {
        on.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_fetch_is_taken_over_from_a_dead_node() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    // This node has a runtime of its own, so that it can be stopped in the middle of a fetch.
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let transport = FaultyTransport::new();
    let build = node
        .second_handle_with(|builder| builder.clock(clock.clone()).http_client(transport.client()));
    let doomed = {
        let _threads = threads.enter();
        // A handle runs its tasks on the runtime that it was built on.
        build.await
    };
    let before = node.sandbox.calls("gettoken");
    transport.hold_responses("gettoken");
    let logging_in = {
        let code = OAuthCode::new(node.sandbox.code(&corp, &user).unwrap());
        let request = WorkbenchLoginRequest::new(CorpId::new(&*corp).unwrap(), code);
        let doomed = doomed.clone();
        threads.spawn(async move { doomed.service().login_by_workbench(request).await.map(drop) })
    };
    until(
        "the node holds the lease and WeCom's response is in flight",
        async || transport.held_responses() == 1,
    )
    .await;
    let leases = "SELECT COUNT(*) FROM wecom_token_lease";
    assert_eq!(node.number(leases).await, 1);
    threads.shutdown_background();
    assert!(
        logging_in.await.is_err(),
        "the caller is cancelled with its runtime"
    );
    assert_eq!(
        node.number(leases).await,
        1,
        "a stopped node releases no lease"
    );

    // Until the lease expires no other node calls WeCom …
    let waiting = log_in_despite_timeouts(&node, &node.login, &corp, &user);
    tokio::pin!(waiting);
    for _ in 0..20 {
        tokio::select! {
            done = &mut waiting => panic!("the login is done without a token: {done:?}"),
            held = node.number(leases) => assert_eq!(held, 1),
        }
    }
    assert_eq!(node.sandbox.calls("gettoken"), before + 1);
    // … and then one does.
    clock.advance(Duration::from_millis(3_001));
    waiting.await.unwrap();
    assert_eq!(node.sandbox.calls("gettoken"), before + 2);
    assert_eq!(node.number(leases).await, 0);
    transport.release();
}

#[tokio::test]
async fn token_is_refreshed_early_by_one_node() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let same_clock = || node.second_handle_with(|builder| builder.clock(clock.clone()));
    let nodes = [node.login.clone(), same_clock().await, same_clock().await];
    for on in &nodes {
        log_in_despite_timeouts(&node, on, &corp, &user)
            .await
            .unwrap();
    }
    let first = node.sandbox.calls("gettoken");
    // A token is valid for two hours. In its last ten minutes it is refreshed in the background.
    clock.advance(Duration::from_secs(7_200 - 500));
    for _ in 0..8 {
        let logins = nodes
            .iter()
            .flat_map(|on| (0..20).map(|_| log_in_despite_timeouts(&node, on, &corp, &user)));
        assert!(
            join_all(logins)
                .await
                .into_iter()
                .all(|login| login.is_ok())
        );
        until("the token is refreshed", async || {
            node.sandbox.calls("gettoken") > first
        })
        .await;
        // The lease of a fetch is released when the token is stored.
        until("the answer is stored", async || {
            node.number("SELECT COUNT(*) FROM wecom_token_lease").await == 0
        })
        .await;
        clock.advance(Duration::from_secs(61));
    }
    assert_eq!(node.sandbox.calls("gettoken"), first + 1);
    for on in &nodes[1..] {
        on.shutdown().await;
    }
}
