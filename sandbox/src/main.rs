//! The program `wecom-sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use wecom_sandbox::{Sandbox, WARNING};

/// A sandbox that stands in for WeCom: its server API, its login pages, and its callbacks.
#[derive(Debug, Parser)]
#[command(name = "wecom-sandbox", version)]
struct Flags {
    /// The listening address.
    #[arg(long, default_value = "127.0.0.1:3001", value_name = "ADDR")]
    listen: SocketAddr,
    /// The app's own auths directory: suites, secrets, and pinned corps.
    #[arg(long, value_name = "DIR")]
    auths: PathBuf,
    /// The app's callback URL.
    #[arg(long, value_name = "URL")]
    notify: Option<String>,
    /// The number of corps.
    #[arg(long, default_value_t = 3, value_name = "N")]
    corps: usize,
    /// The number of members of each corp.
    #[arg(long, default_value_t = 5, value_name = "N")]
    members: usize,
    /// Persists all data to this file and continues from it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Allows listening on and pushing to other addresses than loopback.
    #[arg(long)]
    remote: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let flags = Flags::parse();
    let mut builder = Sandbox::builder()
        .listen(flags.listen)
        .auths_dir(flags.auths)
        .corps(flags.corps)
        .members(flags.members)
        .remote(flags.remote);
    if let Some(file) = flags.state {
        builder = builder.state(file);
    }
    match &flags.notify {
        Some(url) => builder = builder.notify(url),
        None => {
            eprintln!("No --notify: nothing is pushed before POST /sandbox/notify {{\"url\"}}.")
        }
    }
    let sandbox = match builder.start().await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("wecom-sandbox: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{WARNING}");
    println!("Console: {}/sandbox", sandbox.url());
    shutdown_signal().await;
    sandbox.shutdown().await;
    ExitCode::SUCCESS
}

/// Waits for Ctrl-C, or on Unix for SIGTERM.
async fn shutdown_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
