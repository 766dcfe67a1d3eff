//! A member's sessions beyond a hundred end, whichever node issued them.

use wecom_login_tests::app::{SUITE, accepts, principal};
use wecom_login_tests::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn oldest_sessions_of_a_member_end_on_every_node() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let (member, user) = (
        node.user(0, 0),
        principal(SUITE, &node.corp(0), &node.user(0, 0)),
    );
    let other = node.second_handle().await;
    let oldest = node.issue_session(SUITE, &corp, &member).await;
    assert!(accepts(&other, &oldest).await);
    // Both nodes issue them, some at once.
    for round in 0..12 {
        let here = (0..5).map(|_| node.issue_session(SUITE, &corp, &member));
        let there = async {
            for _ in 0..5 {
                let issued = other
                    .sessions()
                    .issue(&user, wecom_login::Platform::App)
                    .await;
                issued.unwrap();
            }
        };
        if round % 2 == 0 {
            tokio::join!(futures_util::future::join_all(here), there);
        } else {
            futures_util::future::join_all(here).await;
            there.await;
        }
    }
    let newest = node.issue_session(SUITE, &corp, &member).await;
    let stored = "SELECT COUNT(*) FROM wecom_session";
    until("the oldest sessions end", async || {
        node.number(stored).await == 100
    })
    .await;
    until("the oldest session ends on this node", async || {
        !node.is_valid(&oldest).await
    })
    .await;
    until("the oldest session ends on the other node", async || {
        !accepts(&other, &oldest).await
    })
    .await;
    assert!(node.is_valid(&newest).await && accepts(&other, &newest).await);
    other.shutdown().await;
    node.stop().await;
}
