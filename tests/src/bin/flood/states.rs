//! The attacker with states: a program that gets as many states as it wants from `GET /login`, and then sends one garbage
//! code with each, from many clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::attacker::Answers;
use crate::keep_alive::KeepAlive;

/// The task of the child process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StateFlood {
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// The corp whose codes they pretend to be.
    pub(crate) corp_id: String,
    /// The number of clients.
    pub(crate) clients: usize,
    /// The codes that each client sends.
    pub(crate) codes: usize,
    /// The number of concurrent connections.
    pub(crate) connections: usize,
}

/// What the flood was answered.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct StateFloodResult {
    pub(crate) answers: Answers,
    /// Without the time to get the states.
    pub(crate) took: Duration,
}

impl StateFlood {
    /// Gets a state for each code, and sends the codes.
    pub(crate) async fn run(self) -> StateFloodResult {
        let flood = Arc::new(self);
        let mut connections = tokio::task::JoinSet::new();
        for number in 0..flood.connections {
            let flood = Arc::clone(&flood);
            connections.spawn(async move { flood.prepare(number).await });
        }
        let prepared = connections.join_all().await;
        let began = Instant::now();
        let mut connections = tokio::task::JoinSet::new();
        for requests in prepared {
            let address = flood.address;
            connections.spawn(async move {
                let mut connection = KeepAlive::connect(address).await.unwrap();
                let mut answers = Answers::new();
                for request in requests {
                    let status = connection.ask(&request).await.unwrap();
                    *answers.entry(status).or_default() += 1;
                }
                answers
            });
        }
        let mut sum = Answers::new();
        for (status, answers) in connections.join_all().await.into_iter().flatten() {
            *sum.entry(status).or_default() += answers;
        }
        StateFloodResult {
            answers: sum,
            took: began.elapsed(),
        }
    }

    /// The callbacks of one connection: those of every client in turn.
    async fn prepare(&self, connection: usize) -> Vec<Vec<u8>> {
        let mut stream = KeepAlive::connect(self.address).await.unwrap();
        let mut requests = Vec::new();
        for number in (connection..self.clients * self.codes).step_by(self.connections) {
            let client = number % self.clients;
            let head = format!(
                "HTTP/1.1\r\nhost: flood\r\nx-forwarded-for: 10.9.{}.{}\r\n",
                client / 256,
                client % 256
            );
            let ask = format!("GET /auth/login?corpId={} {head}\r\n", self.corp_id);
            let answer = stream.exchange(ask.as_bytes()).await.unwrap();
            let state = answer.split("state=").nth(1).unwrap()[..32].to_owned();
            let cookie = answer.split("wecom_state_").nth(1).unwrap();
            let cookie = cookie.split(';').next().unwrap();
            requests.push(
                format!(
                    "GET /auth/callback?code=garbage-{number}&state={state} {head}cookie: wecom_state_{cookie}\r\n\r\n"
                )
                .into_bytes(),
            );
        }
        requests
    }
}
