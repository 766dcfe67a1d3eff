//! Several handles on one database, as several processes would be: they are one service.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod all_sessions;
mod clocks;
mod ends;
mod idle;
mod keys;
mod one_code;
mod other_suites;
mod reading;
mod tables;
mod tokens;
mod upgrade;
