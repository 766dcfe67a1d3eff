//! Nodes whose clocks are apart.

use std::time::Duration;

use wecom_login::{Clock, Platform, Sleep, SystemClock, Timestamp};
use wecom_login_tests::node::{Node, Plan, SUITE, principal, until};
use wecom_sandbox::Fault;

/// The clock of a machine that is set wrong.
#[derive(Debug)]
struct Wrong {
    ahead_millis: i64,
}

impl Clock for Wrong {
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
async fn nodes_whose_clocks_are_a_minute_apart_agree() {
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    let who = principal(SUITE, &corp, &node.user(0, 0));
    let ahead = node.another_handle_with(|builder| builder.clock(Wrong { ahead_millis: 60_000 })).await;
    let behind = node.another_handle_with(|builder| builder.clock(Wrong { ahead_millis: -60_000 })).await;
    for login in [&node.login, &ahead, &behind] {
        login.service().issue_session(&who, Platform::App).await.unwrap();
    }
    let apart = "SELECT MAX(created_at) - MIN(created_at) FROM wecom_session";
    let apart = node.number(apart).await;
    println!("three sessions, made one after the other, are {apart} ms apart");
    assert!(apart < 10_000, "{apart}");

    // While one node has an event in work and WeCom is slow, the node that is ahead does not take its lease for lapsed.
    node.sandbox.fault(Fault::of("service/v2/get_permanent_code").delay_ms(3_000)).unwrap();
    let late = node.corp(1);
    assert!(node.sandbox.install(&late).await.unwrap().succeeded());
    until("the company is in", async || node.status(SUITE, &late).await == "active").await;
    let records = node.records().await;
    let record = records.iter().find(|record| record.event == "create_auth").unwrap();
    assert_eq!(record.attempts, 1, "{record:?}");
    assert_eq!(node.sandbox.calls("service/v2/get_permanent_code"), 2);
    ahead.shutdown().await;
    behind.shutdown().await;
}
