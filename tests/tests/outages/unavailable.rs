//! The database server restarts, is gone, hangs, or takes no writes.

use std::time::{Duration, Instant};

use wecom_login_tests::proxy::TcpProxy;
use wecom_login_tests::{TestApp, until_mut};

use super::probe::Visit;

/// How long an outage lasts beside what is seen of it, in seconds.
const LENGTH_VARIABLE: &str = "OUTAGE_SECONDS";

fn length() -> Duration {
    Duration::from_secs(
        std::env::var(LENGTH_VARIABLE).map_or(1, |seconds| seconds.parse().unwrap()),
    )
}

async fn an_outage(what: &str, begin: impl Fn(&TcpProxy)) {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    let visit = Visit::begin(&node).await;
    // A file has no server that could be gone: somebody keeps it from being written.
    let mut lock = None;
    match proxy {
        Some(proxy) => begin(proxy),
        None => lock = Some(node.database.lock().await),
    }
    let began = Instant::now();
    let mut seen = visit.during(&node, "refused").await;
    println!("{what}: {seen:?}");
    loop {
        seen.push_was_refused_in_time();
        seen.login_was_put_off();
        if proxy.is_some() {
            seen.uncached_was_put_off();
        } else {
            assert_eq!(
                seen.uncached.0, 200,
                "readers do not wait for the writer: {seen:?}"
            );
        }
        if began.elapsed() >= length() {
            break;
        }
        seen = visit.during(&node, "refused").await;
    }
    if let Some(proxy) = proxy {
        proxy.restore();
    }
    if let Some(lock) = lock {
        lock.release().await;
    }
    let ended = Instant::now();
    visit.after(&node, &[]).await;
    println!(
        "{what}: recovered {:?} after {:?}",
        ended.elapsed(),
        ended - began
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_refuses_connections() {
    an_outage("gone", TcpProxy::refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_hangs() {
    an_outage("hangs", TcpProxy::stall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_moves_to_the_new_server_after_the_old_one_hangs() {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    let visit = Visit::begin(&node).await;
    let Some(proxy) = proxy else {
        // A file does not hang for good: whoever held it died, and with them the lock.
        drop(node.database.lock().await);
        return visit.after(&node, &[]).await;
    };
    proxy.stall();
    visit
        .during(&node, "refused")
        .await
        .push_was_refused_in_time();
    // The old connections stay as they are; the new server takes new ones.
    proxy.cut();
    proxy.restore();
    visit.after(&node, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_database_takes_no_writes() {
    let node = TestApp::builder().start().await;
    let visit = Visit::begin(&node).await;
    let lock = node.database.lock().await;
    let seen = visit.during(&node, "refused").await;
    println!("no writes: {seen:?}");
    seen.push_was_refused_in_time();
    seen.login_was_put_off();
    assert_eq!(seen.uncached.0, 200, "reads continue: {seen:?}");
    lock.release().await;
    visit.after(&node, &[]).await;
}

/// A hundred pushes, and a restart of the database at every tenth.
async fn a_hundred_pushes(node: &TestApp, what: &str, restart: impl AsyncFn()) {
    let visit = Visit::begin(node).await;
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..100 {
        if number % 10 == 5 {
            restart().await;
        }
        let leaver = format!("leaver-{number}");
        let push = node.push_builder.unsubscribe(&visit.corp, &leaver);
        until_mut("the push is accepted", async || {
            let taken = node.notify(&push).await.status == 200;
            refused += usize::from(!taken);
            taken
        })
        .await;
        acknowledged.push(leaver);
        assert!(node.is_valid(&visit.cached).await);
    }
    println!(
        "{what}: {} acknowledged, {refused} pushed again",
        acknowledged.len()
    );
    visit.after(node, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_restart_loses_no_acknowledged_push() {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    a_hundred_pushes(&node, "10 restarts", async || match proxy {
        Some(proxy) => proxy.cut(),
        // A file's counterpart: another process has it for itself for a moment.
        None => node.database.lock().await.release().await,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminated_connections_lose_no_acknowledged_push() {
    let node = TestApp::builder().start().await;
    a_hundred_pushes(&node, "thrown out 10 times", async || {
        if !node.database.terminate_connections().await {
            node.database.lock().await.release().await;
        }
    })
    .await;
}
