//! The attacker: a program that sends the next request as soon as it has a response.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::keep_alive::KeepAlive;

/// The number of responses of each status.
pub(crate) type Answers = BTreeMap<u16, u64>;

/// The task of the child process.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Attack {
    /// Where the service listens.
    pub(crate) address: std::net::SocketAddr,
    /// The duration.
    pub(crate) length: Duration,
    /// The number of concurrent connections.
    pub(crate) connections: usize,
    /// Request templates, sent in turn.
    pub(crate) requests: Vec<String>,
}

impl Attack {
    /// Attacks, and gives the number of responses of each status.
    pub(crate) async fn run(self) -> Answers {
        let (attack, number) = (Arc::new(self), Arc::new(AtomicU64::new(0)));
        let until = Instant::now() + attack.length;
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..attack.connections {
            let (attack, number) = (Arc::clone(&attack), Arc::clone(&number));
            connections.spawn(async move {
                let mut answers = Answers::new();
                while Instant::now() < until {
                    let Ok(mut connection) = KeepAlive::connect(attack.address).await else {
                        continue;
                    };
                    while Instant::now() < until {
                        let request = attack.request(number.fetch_add(1, Ordering::Relaxed));
                        let Ok(status) = connection.ask(&request).await else {
                            break;
                        };
                        *answers.entry(status).or_default() += 1;
                    }
                }
                answers
            });
        }
        let mut sum = Answers::new();
        for (status, answers) in connections.join_all().await.into_iter().flatten() {
            *sum.entry(status).or_default() += answers;
        }
        sum
    }

    fn request(&self, number: u64) -> Vec<u8> {
        let template = &self.requests[number as usize % self.requests.len()];
        // Of constant length: `Content-Length` is part of the template.
        let client = format!(
            "2001:db8:{:04x}:{:04x}::1",
            number >> 16 & 0xffff,
            number & 0xffff
        );
        template
            .replace("NUMBER", &format!("{number:0>43}"))
            .replace("CLIENT", &client)
            .into_bytes()
    }
}
