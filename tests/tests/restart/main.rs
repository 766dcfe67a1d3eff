//! The example app is killed and started again: nobody is logged out, nothing is fetched twice, no event is lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod config;
mod demo;
mod failpoints;
mod kills;
mod people;
mod program;
mod stage;
mod stops;
