//! The members: a program that logs one in now and then, and measures the latency.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wecom_login_tests::measure::Latencies;

use crate::keep_alive::KeepAlive;

/// The task of the child process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Logins {
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// The logins, each with a code of its own.
    pub(crate) requests: Vec<String>,
    /// The time between two of them.
    pub(crate) pause: Duration,
}

/// The latencies of the answers of each status.
pub(crate) type LoginLatencies = BTreeMap<u16, Latencies>;

impl Logins {
    /// Sends them, one after the other.
    pub(crate) async fn run(self) -> LoginLatencies {
        let mut latencies = LoginLatencies::new();
        let mut connection = KeepAlive::connect(self.address)
            .await
            .expect("the service listens");
        for request in &self.requests {
            let asked = Instant::now();
            let status = connection.ask(request.as_bytes()).await.expect("an answer");
            latencies.entry(status).or_default().add(asked.elapsed());
            tokio::time::sleep(self.pause).await;
        }
        latencies
    }
}
