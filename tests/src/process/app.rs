//! [`AppProcess`]: a running example app.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command};

use serde_json::Value;
use wecom_login_adapter_tests::try_send;

use super::builder::ProcessBuilder;
use crate::{TestRequest, TestResponse};

/// A running app; it is killed when this is dropped.
#[derive(Debug)]
pub struct AppProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it has printed until it was ready.
    pub(super) printed: Vec<String>,
    /// Kept open: the app goes on printing.
    _output: Lines<BufReader<ChildStdout>>,
}

impl AppProcess {
    /// Starts a process and reads its output up to the first line that contains `ready`.
    pub(super) async fn start(builder: ProcessBuilder, ready: &'static str) -> Self {
        let name = builder.name;
        let mut child = builder.with_piped_output().spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        // On a thread of its own: the test's sandbox has to answer meanwhile.
        let read = tokio::task::spawn_blocking(move || {
            let mut printed: Vec<String> = Vec::new();
            while !printed.last().is_some_and(|line| line.contains(ready)) {
                match output.next() {
                    Some(line) => printed.push(line.unwrap()),
                    None => panic!("{name} ended: {printed:?}"),
                }
            }
            (printed, output)
        });
        let (printed, output) = read.await.unwrap();
        let address = [" listens on ", " is at "]
            .iter()
            .find_map(|words| printed.iter().find_map(|line| line.split_once(words)))
            .map(|(_, url)| address_of(url))
            .expect("the app prints where it is");
        Self {
            child,
            address,
            printed,
            _output: output,
        }
    }

    /// Sends a request; `None` if the app died meanwhile.
    pub async fn try_send(&self, request: TestRequest) -> Option<TestResponse> {
        try_send(self.address, &request).await
    }

    /// Sends a request that must be answered with this status, and gives the JSON of the response.
    pub async fn send_expecting(&self, status: u16, request: TestRequest) -> Value {
        send_expecting(self.address, status, &request).await
    }

    /// `prlimit --nofile`, of util-linux.
    pub(super) fn limit_open_files(&self, files: u32) {
        let limited = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--nofile={files}"))
            .status()
            .unwrap();
        assert!(limited.success());
    }

    /// `kill -9`, also of an app that has already ended.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `kill -TERM`; gives the exit code.
    #[must_use]
    pub fn terminate(mut self) -> Option<i32> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for AppProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request that must be answered with this status, and gives the JSON of the response; null if it is empty.
pub async fn send_expecting(address: SocketAddr, status: u16, request: &TestRequest) -> Value {
    let response = try_send(address, request).await.expect("a response");
    assert_eq!(
        response.status,
        status,
        "{}",
        String::from_utf8_lossy(&response.body)
    );
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// The socket address of a URL.
pub(super) fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split('/').next().unwrap().trim().parse().unwrap()
}
