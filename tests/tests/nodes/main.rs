//! Several handles on one database, as the nodes of one service.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod attributes;
mod auth_code;
mod clocks;
mod concurrent_start;
mod data_keys;
mod end_all_sessions;
mod idle_timeout;
mod linking;
mod other_suites;
mod re_read;
mod repeated_logins;
mod revocations;
mod session_limit;
mod tokens;
mod upgrade;
