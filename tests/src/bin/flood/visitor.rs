//! The visitor: a program that sends a request now and then, as users do, and measures the latency.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wecom_login_tests::measure::Latencies;

use crate::keep_alive::KeepAlive;
use crate::requests;

/// The task of the child process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Visit {
    /// Where the service listens.
    pub(crate) address: std::net::SocketAddr,
    /// The duration.
    pub(crate) length: Duration,
    /// Tokens of valid sessions.
    pub(crate) tokens: Vec<String>,
}

impl Visit {
    /// Sends a request with each session in turn, some hundreds of times a second.
    pub(crate) async fn run(self) -> Latencies {
        let mut latencies = Latencies::default();
        let mut connection = KeepAlive::connect(self.address)
            .await
            .expect("the service listens");
        let began = Instant::now();
        for token in self.tokens.iter().cycle() {
            if began.elapsed() >= self.length {
                break;
            }
            let request = requests::token(token);
            let asked = Instant::now();
            let status = connection.ask(request.as_bytes()).await.expect("an answer");
            latencies.add(asked.elapsed());
            assert_eq!(status, 200);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        latencies
    }
}
