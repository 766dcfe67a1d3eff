//! Several handles on one database, as several processes would be: they are one service.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod clocks;
mod ends;
mod tables;
mod tokens;
mod upgrade;
