//! Nodes with different clocks.

use std::time::Duration;

use wecom_login::{Clock, Platform, Sleep, SystemClock, Timestamp};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

const V2: &str = "service/v2/get_permanent_code";

/// The system clock with a constant error.
#[derive(Debug)]
struct SkewedClock {
    ahead_millis: i64,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock::default().now().as_millis() + self.ahead_millis)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        SystemClock::default().sleep(duration)
    }

    fn is_real(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_clocks_a_minute_apart_agree() {
    let node = TestApp::builder().corps(5).start().await;
    let corp = node.install(0).await;
    let who = principal(SUITE, &corp, &node.user(0, 0));
    let ahead = node
        .second_handle_with(|builder| {
            builder.clock(SkewedClock {
                ahead_millis: 60_000,
            })
        })
        .await;
    let behind = node
        .second_handle_with(|builder| {
            builder.clock(SkewedClock {
                ahead_millis: -60_000,
            })
        })
        .await;
    for login in [&node.login, &ahead, &behind] {
        login.sessions().issue(&who, Platform::App).await.unwrap();
    }
    let apart = "SELECT MAX(created_at) - MIN(created_at) FROM wecom_session";
    let apart = node.number(apart).await;
    println!("three sessions, made one after the other, are {apart} ms apart");
    // The skewed clocks are two minutes apart.
    assert!(apart < 60_000, "{apart}");

    // While WeCom is slow to answer one node, the node whose clock is ahead polls each second and must not take the lease
    // for expired. A machine that stalls for the length of a lease does lose it; one of four attempts has to pass.
    for corp in 1..5 {
        node.sandbox
            .fault(Fault::for_api(V2).delay_ms(3_000).times(1))
            .unwrap();
        let (late, asked) = (node.corp(corp), node.sandbox.calls(V2));
        assert!(node.sandbox.install(&late).await.unwrap().succeeded());
        until("WeCom is called", async || node.sandbox.calls(V2) > asked).await;
        let open =
            "SELECT COUNT(*) FROM wecom_callback_record WHERE status IN ('waiting', 'running')";
        until("the record is done", async || node.number(open).await == 0).await;
        let attempts = node
            .records()
            .await
            .into_iter()
            .find(|record| record.event == "create_auth")
            .unwrap();
        if attempts.attempts == 1 {
            node.wait_until_active(SUITE, &late).await;
            assert_eq!(node.sandbox.calls(V2), asked + 1);
            break;
        }
        println!("the lease was lost to a machine under load: {attempts:?}");
        assert!(corp < 4, "the lease is lost each time: {attempts:?}");
    }
    ahead.shutdown().await;
    behind.shutdown().await;
}
