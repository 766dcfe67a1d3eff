//! Chromium's WebDriver in a process of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{TestRequest, send};

/// How long the driver may take to close its browsers.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The first of these programs that is not installed.
#[must_use]
pub fn missing(programs: &[&'static str]) -> Option<&'static str> {
    programs
        .iter()
        .copied()
        .find(|program| find(program).is_none())
}

/// WeCom's script, of the npm package `@wecom/jssdk` 2.4.4; its directory is in `PATH`.
pub const JS_SDK: &str = "wecom.global.prod.js";

/// WeCom's script, if it is here.
#[must_use]
pub fn js_sdk() -> Option<Vec<u8>> {
    find(JS_SDK).and_then(|file| std::fs::read(file).ok())
}

/// The path of a program, or of another file in a directory of `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    directories
        .map(|directory| directory.join(program))
        .find(|file: &PathBuf| Path::is_file(file))
}

/// A running chromedriver, on a port of its choice.
#[derive(Debug)]
pub struct Chromedriver {
    port: u16,
    process: Child,
}

impl Chromedriver {
    /// Starts it and waits until it listens.
    pub async fn start() -> Self {
        let mut command = Command::new(find("chromedriver").expect("chromedriver is installed"));
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .expect("chromedriver says where it listens");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return Self {
                    port: port.trim_end_matches('.').parse().unwrap(),
                    process,
                };
            }
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Shuts it down with every browser that it started.
    pub async fn stop(mut self) {
        let address = ([127, 0, 0, 1], self.port).into();
        let shutdown =
            tokio::spawn(async move { send(address, &TestRequest::get("/shutdown")).await.status });
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.process.wait())
            .await
            .is_err()
        {
            self.process.kill().await.unwrap();
        }
        shutdown.abort();
    }
}
