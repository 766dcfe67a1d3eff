//! A program that asks now and then, as members do, and takes the time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wecom_login_tests::measure::Latencies;

use crate::keep_alive::KeepAlive;
use crate::requests;

/// What it is told.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Visit {
    /// Where the service listens.
    pub(crate) address: std::net::SocketAddr,
    /// How long.
    pub(crate) length: Duration,
    /// Sessions that live.
    pub(crate) tokens: Vec<String>,
}

impl Visit {
    /// Asks with every session in turn, some hundreds of times a second.
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
