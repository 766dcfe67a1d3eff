//! The sandbox through real sockets: an app that takes pushes on one side, a client on the other.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod app;
mod client;

mod control;
mod delivery;
mod exchange;
mod faults;
mod guard;
mod identity;
mod ids;
mod pages;
mod people;
mod program;
mod state;
mod tokens;
