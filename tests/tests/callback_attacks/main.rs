//! Attacks on the callback URL, each with the rule that stops it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod event_kinds;
mod forged_flood;
mod order;
mod provider;
mod refusals;
mod tickets;
mod two_suites;
mod url_verification;

use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's time in seconds, as events have it.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
