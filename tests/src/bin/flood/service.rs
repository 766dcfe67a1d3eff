//! The flooded service: an axum app with a protected route and a route without a login.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::measure::{Latencies, resident_mib};
use wecom_login_tower::{AuthLayer, User, login_routes};

use crate::attacker::{Answers, Attack};
use crate::logins::{LoginLatencies, Logins};
use crate::processors::Processors;
use crate::requests;
use crate::states::{StateFlood, StateFloodResult};
use crate::visitor::Visit;

const SESSIONS: usize = 100;

/// The flooded app.
#[derive(Debug)]
pub(crate) struct Service {
    node: TestApp,
    corp: String,
    other: String,
    live: Vec<String>,
    address: SocketAddr,
    processors: Processors,
    length: Duration,
    connections: usize,
}

impl Service {
    /// Starts it, with two corps and some sessions of the first.
    pub(crate) async fn start(
        processors: Processors,
        length: Duration,
        connections: usize,
    ) -> Self {
        // The requests carry X-Forwarded-For.
        let node = TestApp::builder()
            .configure(|builder| builder.trusted_proxies(["127.0.0.1/32".parse().unwrap()]))
            .start();
        let node = node.await;
        let (corp, other) = (node.install(0).await, node.install(1).await);
        let live = sessions(&node, &corp).await;
        let app = Router::new()
            .route(
                "/hello",
                get(async |_: User| "hello").route_layer(AuthLayer::required(&node.login)),
            )
            .route("/bare", get(async || "hello"))
            .nest("/auth", login_routes(&node.login));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            node,
            corp,
            other,
            live,
            address,
            processors,
            length,
            connections,
        }
    }

    /// Floods it with these requests, if any, and prints a row with the latency of valid requests.
    pub(crate) async fn row(&self, flood: &str, requests: &[String]) {
        let &Self {
            address,
            processors,
            length,
            connections,
            ..
        } = self;
        let visit = Visit {
            address,
            length,
            tokens: self.live.clone(),
        };
        let attack = Attack {
            address,
            length,
            connections,
            requests: requests.to_vec(),
        };
        let good = processors.other::<Latencies>("visit", &visit);
        let attacked = async {
            if requests.is_empty() {
                return Answers::new();
            }
            processors.other("attack", &attack).await
        };
        let (good, answers) = tokio::join!(good, attacked);
        println!(
            "| {flood} | {:.0} | {} | {} µs | {} µs | {} MiB |",
            answers.values().sum::<u64>() as f64 / length.as_secs_f64(),
            answers
                .keys()
                .map(u16::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            good.percentile(50).as_micros(),
            good.percentile(99).as_micros(),
            resident_mib()
        );
    }

    /// Tokens of revoked sessions.
    pub(crate) async fn ended(&self) -> Vec<String> {
        let tokens = sessions(&self.node, &self.other).await;
        let ended = self
            .node
            .login
            .verify_token(tokens[0].as_bytes())
            .resolve()
            .await
            .unwrap()
            .unwrap()
            .user;
        self.node.login.sessions().logout_all(&ended).await.unwrap();
        tokens
    }

    /// The corp whose members send the valid requests.
    pub(crate) fn corp(&self) -> &str {
        &self.corp
    }

    /// The number of stored pushes.
    pub(crate) async fn records(&self) -> i64 {
        self.node
            .number("SELECT COUNT(*) FROM wecom_callback_record")
            .await
    }

    /// The number of calls to WeCom with a code.
    pub(crate) fn code_calls(&self) -> u64 {
        self.node.sandbox.calls("auth/getuserinfo")
    }

    /// Logs a member of the other corp in, and gives the status.
    pub(crate) async fn another_login(&self) -> u16 {
        self.node
            .log_in_to_suite(SUITE, &self.other, &self.node.user(1, 0))
            .await
            .status
    }

    /// Floods it with 60 garbage codes of each of 170 clients, each with a state, and prints what good logins meet.
    pub(crate) async fn flood_with_states(&self, connections: usize) {
        println!(
            "\n170 clients × 60 garbage codes with states; logins of another corp before and meanwhile:\n"
        );
        let before = self.logins(&self.other, 1).await;
        println!("| | status | logins |\n|---|--:|---|");
        print_logins("before", &before);
        let flood = StateFlood {
            address: self.address,
            corp_id: self.corp.clone(),
            clients: 170,
            codes: 60,
            connections,
        };
        let calls = self.code_calls();
        let flooded = self.processors.other::<StateFloodResult>("states", &flood);
        let (flooded, meanwhile) = tokio::join!(flooded, self.logins(&self.other, 1));
        print_logins("meanwhile", &meanwhile);
        let of_members: u64 = meanwhile.values().map(|logins| logins.count() as u64).sum();
        let calls_of_flood = self.code_calls() - calls - of_members;
        let after = self.logins(&self.corp, 0).await;
        print_logins("of the flooded corp, then", &after);
        println!(
            "\nThe flood: {:?} in {:?}; for its codes WeCom was asked {} times.",
            flooded.answers, flooded.took, calls_of_flood,
        );
    }

    /// Logs a member in 200 times, from another process.
    async fn logins(&self, corp_id: &str, corp: usize) -> LoginLatencies {
        let user = self.node.user(corp, 0);
        let code = || self.node.sandbox.code_for_suite(corp_id, &user, SUITE);
        let logins = Logins {
            address: self.address,
            requests: (0..200)
                .map(|_| requests::login(corp_id, &code().unwrap()))
                .collect(),
            pause: Duration::from_millis(20),
        };
        self.processors.other("logins", &logins).await
    }

    /// Stops it.
    pub(crate) async fn end(self) {
        self.node.login.shutdown().await;
    }
}

async fn sessions(node: &TestApp, corp: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for _ in 0..SESSIONS {
        tokens.push(node.issue_session(SUITE, corp, "somebody").await);
    }
    tokens
}

fn print_logins(when: &str, logins: &LoginLatencies) {
    for (status, latencies) in logins {
        println!("| {when} | {status} | {latencies} |");
    }
}
