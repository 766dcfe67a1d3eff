//! The harness of the product's tests, and the conformance suite that every adapter passes unchanged.
//!
//! | module | content |
//! |---|---|
//! | [`app`] | [`TestApp`]: an app on a socket, its handle, its database and its sandbox; built by [`TestApp::builder`] |
//! | [`process`] | the example apps in processes of their own: killed, restarted, driven by a browser |
//! | [`adapter`] | the host app that each adapter has to build |
//! | [`conformance`] | the table of requests and the scenarios that every adapter passes |
//! | [`auths`] | the `auths/` directory of [`TestApp::from_auths_directory`] |
//! | [`database`] | a database for each test: an SQLite file, or one on a server |
//! | [`push`] | pushes to the callback URL |
//! | [`hooks`], [`log`] | the calls of the host app's hooks, and what was logged |
//! | [`proxy`], [`transport`] | faults between the app and its database, and between the app and WeCom |
//! | [`browser`] | Chromium before a running app |
//! | [`openapi`] | the answers compared with `/openapi.json` |
//! | [`websocket`] | a WebSocket client |
//! | [`scenarios`] | a test program without libtest, for tests that need programs |
//! | [`measure`] | latencies and memory, for `bin/flood` and `bin/scale` |
//!
//! Requests and responses ([`TestRequest`], [`TestResponse`]) and the guard cases are in `wecom-login-adapter-tests`, which
//! the adapters' own tests use too.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "only tests of this workspace use it"
)]

pub mod adapter;
pub mod app;
pub mod auths;
pub mod browser;
pub mod conformance;
pub mod database;
pub mod hooks;
pub mod linking;
pub mod log;
pub mod measure;
pub mod openapi;
pub mod process;
pub mod proxy;
pub mod push;
pub mod scenarios;
pub mod transport;
mod wait;
pub mod websocket;

pub use adapter::{Adapter, Layout, RunningApp};
pub use push::Push;
pub use wait::{until, until_mut};
pub use wecom_login_adapter_tests::{TestRequest, TestResponse, send};

pub use app::TestApp;

/// The mount of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
