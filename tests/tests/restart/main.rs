//! The example app is killed and restarted: sessions stay, tokens are not refetched, no event is lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod config;
mod demo;
mod failpoints;
mod kills;
mod member_failpoints;
mod termination;

use wecom_login_tests::process::Example;

const AXUM_APP: Example = Example {
    name: "axum-app",
    binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
};
const ACTIX_APP: Example = Example {
    name: "actix-app",
    binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
};
