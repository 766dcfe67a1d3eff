//! The attacks on the callback URL, each with the rule that stops it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod event_kinds;
mod forged_flood;
mod order;
mod refusals;
mod tickets;
mod two_suites;
mod url_verification;
