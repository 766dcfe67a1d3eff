//! Database servers that are set otherwise than those of the other tests: behind a pooler, with another binary log. Each
//! scenario starts a server of its own. There are none on SQLite.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod binary_log;
mod pgbouncer;
mod program;

use std::process::ExitCode;

use wecom_login_tests::database::SERVER_VARIABLE;
use wecom_login_tests::scenarios;

fn main() -> ExitCode {
    let server = std::env::var(SERVER_VARIABLE).unwrap_or_default();
    let scenarios = match server.split(':').next() {
        Some("postgres") => pgbouncer::scenarios(&server),
        Some("mysql") => binary_log::scenarios(),
        _ => Vec::new(),
    };
    scenarios::run(scenarios)
}
