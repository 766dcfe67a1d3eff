//! A database server that restarts, refuses connections, hangs, or takes no writes.

use std::time::{Duration, Instant};

use wecom_login_tests::proxy::TcpProxy;
use wecom_login_tests::{TestApp, until_mut};

use super::probe::Probe;

/// The minimum length of an outage, in seconds.
const LENGTH_VARIABLE: &str = "OUTAGE_SECONDS";

fn length() -> Duration {
    Duration::from_secs(
        std::env::var(LENGTH_VARIABLE).map_or(1, |seconds| seconds.parse().unwrap()),
    )
}

async fn recovers_after_outage(what: &str, begin: impl Fn(&TcpProxy)) {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    let probe = Probe::begin(&node).await;
    // An SQLite file has no server: another connection locks it instead.
    let mut lock = None;
    match proxy {
        Some(proxy) => begin(proxy),
        None => lock = Some(node.database.lock().await),
    }
    let began = Instant::now();
    let mut seen = probe.run(&node, "refused").await;
    println!("{what}: {seen:?}");
    loop {
        seen.assert_push_refused_in_time();
        seen.assert_login_503();
        if proxy.is_some() {
            seen.assert_uncached_503();
        } else {
            assert_eq!(
                seen.uncached.0, 200,
                "readers do not wait for the writer: {seen:?}"
            );
        }
        if began.elapsed() >= length() {
            break;
        }
        seen = probe.run(&node, "refused").await;
    }
    if let Some(proxy) = proxy {
        proxy.restore();
    }
    if let Some(lock) = lock {
        lock.release().await;
    }
    let ended = Instant::now();
    probe.assert_recovered(&node, &[]).await;
    println!(
        "{what}: recovered {:?} after {:?}",
        ended.elapsed(),
        ended - began
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_refuses_connections() {
    recovers_after_outage("gone", TcpProxy::refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_hangs() {
    recovers_after_outage("hangs", TcpProxy::stall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_moves_to_the_new_server_after_the_old_one_hangs() {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    let probe = Probe::begin(&node).await;
    let Some(proxy) = proxy else {
        // A file does not hang forever: the lock ends with its process.
        drop(node.database.lock().await);
        return probe.assert_recovered(&node, &[]).await;
    };
    proxy.stall();
    probe
        .run(&node, "refused")
        .await
        .assert_push_refused_in_time();
    // Old connections stay stalled; the new server accepts new ones.
    proxy.cut();
    proxy.restore();
    probe.assert_recovered(&node, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_takes_no_writes() {
    let node = TestApp::builder().start().await;
    let probe = Probe::begin(&node).await;
    let lock = node.database.lock().await;
    let seen = probe.run(&node, "refused").await;
    println!("no writes: {seen:?}");
    seen.assert_push_refused_in_time();
    seen.assert_login_503();
    assert_eq!(seen.uncached.0, 200, "reads continue: {seen:?}");
    lock.release().await;
    probe.assert_recovered(&node, &[]).await;
}

/// Sends a hundred pushes, with a restart of the database at every tenth.
async fn push_with_restarts(node: &TestApp, what: &str, restart: impl AsyncFn()) {
    let probe = Probe::begin(node).await;
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..100 {
        if number % 10 == 5 {
            restart().await;
        }
        let leaver = format!("leaver-{number}");
        let push = node.push_builder.unsubscribe(&probe.corp, &leaver);
        until_mut("the push is accepted", async || {
            let taken = node.notify(&push).await.status == 200;
            refused += usize::from(!taken);
            taken
        })
        .await;
        acknowledged.push(leaver);
        assert!(node.is_valid(&probe.cached).await);
    }
    println!(
        "{what}: {} acknowledged, {refused} pushed again",
        acknowledged.len()
    );
    probe.assert_recovered(node, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_restart_loses_no_acknowledged_push() {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    push_with_restarts(&node, "10 restarts", async || match proxy {
        Some(proxy) => proxy.cut(),
        // For a file: another process locks it for a moment.
        None => node.database.lock().await.release().await,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminated_connections_lose_no_acknowledged_push() {
    let node = TestApp::builder().start().await;
    push_with_restarts(&node, "thrown out 10 times", async || {
        if !node.database.terminate_connections().await {
            node.database.lock().await.release().await;
        }
    })
    .await;
}
