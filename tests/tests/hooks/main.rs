//! The hooks of the host app: asked and told until they answer, and never in the way.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod delivery;
mod reviews;
mod unhandled;

use std::time::{SystemTime, UNIX_EPOCH};

use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;

/// Pushes a `cancel_auth` that is newer than everything before: dated a minute ahead, since a time far ahead would count as
/// that of the arrival, which a clock that stands still puts before the authorization.
async fn push_cancellation(node: &TestApp, corp: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let time = i64::try_from(now.as_secs()).unwrap() + 60;
    let event = suite_event(SUITE, "cancel_auth", time, &[("AuthCorpId", corp)]);
    node.notify_until_accepted(&node.push_builder.post(SUITE, &event))
        .await;
}
