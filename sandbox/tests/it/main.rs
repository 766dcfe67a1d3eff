//! Integration tests over real sockets: a mock app that receives the pushes, and a client.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;
mod mock_app;

mod authorization;
mod contacts;
mod control;
mod delivery;
mod faults;
mod guard;
mod host_app;
mod identity;
mod ids;
mod js_sdk;
mod login_pages;
mod media;
mod members;
mod messages;
mod notify_url;
mod pages;
mod program;
mod state;
mod tokens;
