//! The daily re-read of authorizations, done by one node.

use std::time::Duration;

use wecom_login::ManualClock;
use wecom_login_tests::{TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn daily_re_read_is_done_by_one_node() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(
            node.second_handle_with(|builder| builder.clock(clock.clone()))
                .await,
        );
    }
    for corp in 0..3 {
        node.install(corp).await;
    }
    let asked = || node.sandbox.calls("service/v2/get_auth_info");
    until("each authorization was read", async || {
        node.number("SELECT COUNT(*) FROM wecom_authorization WHERE read_at IS NOT NULL")
            .await
            == 3
    })
    .await;
    let before = asked();
    clock.advance(Duration::from_hours(24));
    let due = format!(
        "SELECT COUNT(*) FROM wecom_authorization WHERE read_at < {}",
        wecom_login::Clock::now(&clock).as_millis()
    );
    until("each authorization was read again", async || {
        // A node that polled just before the clock advanced polls again.
        clock.advance(Duration::from_millis(100));
        node.number(&due).await == 0
    })
    .await;
    assert_eq!(asked() - before, 3);
    for other in others {
        other.shutdown().await;
    }
}
