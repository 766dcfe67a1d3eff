//! The hooks of the host app: asked and told until they answer, and never in the way.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod delivery;
mod reviews;
mod unhandled;

use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;

/// Pushes a `cancel_auth` that is newer than everything before.
async fn push_cancellation(node: &TestApp, corp: &str) {
    let event = suite_event(SUITE, "cancel_auth", 9_000_000_000, &[("AuthCorpId", corp)]);
    node.notify_until_accepted(&node.push_builder.post(SUITE, &event))
        .await;
}
