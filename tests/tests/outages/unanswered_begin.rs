//! A transaction whose `BEGIN` is answered after its caller has timed out.

use wecom_login::Platform;
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::{TestApp, until_mut};

/// More than the connections of a pool.
const WRITES: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn writes_after_an_unanswered_begin_are_committed() {
    let node = TestApp::builder().proxied().start().await;
    let proxy = node.proxy();
    // A file has no connection that could stall.
    let Some(proxy) = proxy else { return };
    let corp = node.install(0).await;
    let who = principal(SUITE, &corp, &node.user(0, 0));
    node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    let stored = async || node.number("SELECT COUNT(*) FROM wecom_session").await;
    let before = stored().await;

    proxy.stall_after(b"BEGIN");
    let service = node.login.sessions();
    let (cut, ()) = tokio::join!(service.revoke_member(&who), proxy.wait_until_stalled());
    assert!(cut.is_err(), "the statement times out");
    proxy.restore();

    let writes = (0..WRITES).map(|_| async {
        let mut written = None;
        until_mut("a session is written", async || {
            written = node.login.sessions().issue(&who, Platform::App).await.ok();
            written.is_some()
        })
        .await;
    });
    futures_util::future::join_all(writes).await;
    let written = stored().await - before;
    assert!(
        written >= WRITES as i64,
        "{written} of {WRITES} sessions are in the database"
    );
    assert!(node.login.sessions().revoke_member(&who).await.is_ok());
}
