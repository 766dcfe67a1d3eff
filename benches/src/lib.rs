//! What a request, a callback and a login cost, beside what else there is. docs/benchmarks.md has the figures.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a program that measures stops where something is wrong"
)]

pub mod actix_race;
pub mod axum_race;
pub mod cache;
pub mod callback_race;
pub mod http_race;
pub mod interleave;
pub mod limit;
pub mod login;
pub mod logins;
pub mod metrics;
pub mod peers;
pub mod report;
pub mod threads;
