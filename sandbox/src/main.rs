//! The sandbox as a program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use wecom_sandbox::{Sandbox, WARNING};

/// A WeCom in a box: its server API, its login pages, and the callbacks that it pushes.
#[derive(Debug, Parser)]
#[command(name = "wecom-sandbox", version)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3001", value_name = "ADDR")]
    listen: SocketAddr,
    /// The app's own auths directory: suites, secrets, and the companies that it pins.
    #[arg(long, value_name = "DIR")]
    auths: PathBuf,
    /// The app's callback URL.
    #[arg(long, value_name = "URL")]
    notify: Option<String>,
    /// How many companies there are.
    #[arg(long, default_value_t = 3, value_name = "N")]
    corps: usize,
    /// How many people each company has.
    #[arg(long, default_value_t = 5, value_name = "N")]
    members: usize,
    /// Keeps everything in this file, and goes on from it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Listens on, and pushes to, more than this machine.
    #[arg(long)]
    remote: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let flags = Flags::parse();
    let mut builder = Sandbox::builder()
        .listen(flags.listen)
        .auths(flags.auths)
        .corps(flags.corps)
        .members(flags.members)
        .remote(flags.remote);
    if let Some(file) = flags.state {
        builder = builder.state(file);
    }
    match &flags.notify {
        Some(url) => builder = builder.notify(url),
        None => {
            eprintln!("No --notify: nothing is pushed until POST /sandbox/notify {{\"url\"}} says where to.")
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
    stopped().await;
    sandbox.shutdown().await;
    ExitCode::SUCCESS
}

/// Ctrl-C, or on Unix the signal that service managers send.
async fn stopped() {
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
