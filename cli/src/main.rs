//! `wecom-login`: the operator's command.
//!
//! It speaks the admin API, either with a running service (`--url` and the admin key), or in this process with the
//! database and the `auths` directory (`--database-url`), without the background tasks of a node.
//!
//! | file | content |
//! |---|---|
//! | `flags` | the flags, each also an environment variable |
//! | `target` | where requests go: `service` over HTTP, or a handle in this process |
//! | `commands` | one file for each subject |
//! | `new` | `wecom-login new`, and what it writes |
//! | `table`, `progress`, `prompt` | what people see |
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod commands;
mod failure;
mod flags;
mod new;
mod progress;
mod prompt;
mod service;
mod table;
mod target;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::commands::Outcome;
use crate::failure::Failure;
use crate::flags::Flags;

fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            let _ = error.print();
            let is_help = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            return ExitCode::from(if is_help { 0 } else { Failure::STATUS });
        }
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&Failure::new(format!(
                "no thread could be started: {error}"
            )));
        }
    };
    match runtime.block_on(commands::run(flags)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    eprintln!("wecom-login: {failure}");
    ExitCode::from(Failure::STATUS)
}
