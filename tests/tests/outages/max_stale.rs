//! Cached sessions are served without the database for up to `max_stale`.

use std::time::{Duration, Instant};

use wecom_login::SessionConfig;
use wecom_login_tests::proxy::TcpProxy;
use wecom_login_tests::{TestApp, TestRequest, until};

use super::probe::Probe;

/// A machine under load may be late, but not each time.
const ATTEMPTS: usize = 5;
/// How much later than `max_stale` the first rejection may come.
const MAX_DELAY: Duration = Duration::from_secs(3);

async fn max_stale(time: Duration, outage: impl Fn(&TcpProxy)) {
    let settings = SessionConfig::default().with_max_stale(time);
    let node = TestApp::builder()
        .proxied()
        .configure(|builder| builder.sessions(settings))
        .start()
        .await;
    // A file has no server: a node that runs can read it.
    let Some(proxy) = node.proxy() else { return };
    let probe = Probe::begin(&node).await;
    let ask = async || {
        let answer = node
            .call(TestRequest::get("/me").bearer(&probe.cached))
            .await;
        assert!(answer.status != 503 || answer.header("retry-after").is_some());
        answer.status
    };

    for attempt in 1.. {
        outage(proxy);
        let gone = Instant::now();
        until("the cached session is rejected", async || {
            let status = ask().await;
            assert!(matches!(status, 200 | 503), "{status}");
            status == 503
        })
        .await;
        let over = gone.elapsed();
        println!("to be believed for {time:?}: refused from {over:?} on");
        // The last successful poll was up to a third of a second before the outage.
        assert!(over + Duration::from_millis(500) >= time, "{over:?}");
        proxy.restore();
        until("the cached session is accepted again", async || {
            ask().await == 200
        })
        .await;
        if over < time + MAX_DELAY {
            break;
        }
        assert!(attempt < ATTEMPTS, "{over:?}");
    }
    node.login.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_sessions_are_served_up_to_max_stale() {
    max_stale(Duration::from_secs(3), TcpProxy::refuse).await;
    max_stale(Duration::from_secs(3), TcpProxy::stall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn max_stale_zero_rejects_after_first_failed_poll() {
    max_stale(Duration::ZERO, TcpProxy::refuse).await;
    max_stale(Duration::ZERO, TcpProxy::stall).await;
}
