//! Floods at full speed, over sockets and from other processes, with figures:
//! `cargo run --release -p wecom-login-tests --bin flood -- 30 32` (seconds and connections of each). On PostgreSQL or
//! MariaDB with `TEST_DATABASE_SERVER`.
//!
//! The service has one half of the processors to itself and those who ask it have the other, as if they were machines
//! of their own: an attacker's haste must not be taken for the service's. A handler without any login is flooded too,
//! which tells what the login adds from what any service on these processors suffers.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a program for the hand of a developer")]

mod attacker;
mod keep_alive;
mod logins;
mod processors;
mod requests;
mod service;
mod states;
mod visitor;

use std::time::{Duration, Instant};

use crate::processors::Processors;
use crate::service::Service;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let role = arguments.next_if(|argument| argument.parse::<usize>().is_err());
    match role.as_deref() {
        Some("attack") => processors::child(attacker::Attack::run),
        Some("visit") => processors::child(visitor::Visit::run),
        Some("logins") => processors::child(logins::Logins::run),
        Some("states") => processors::child(states::StateFlood::run),
        Some(other) => panic!("{other} is no number"),
        None => {
            let mut numbers = arguments.map(|number| number.parse::<usize>().expect("a number"));
            let (seconds, connections) =
                (numbers.next().unwrap_or(30), numbers.next().unwrap_or(32));
            // Before other threads start, which inherit the affinity.
            let processors = Processors::halve();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(floods(
                processors,
                Duration::from_secs(seconds as u64),
                connections,
            ));
        }
    }
}

async fn floods(processors: Processors, length: Duration, connections: usize) {
    let service = Service::start(processors, length, connections).await;
    println!("{processors}; {length:?} each, over {connections} connections\n");
    println!(
        "| flood | answers a second | of status | good requests meanwhile, p50 | p99 | memory |\n|---|--:|--:|--:|--:|--:|"
    );
    service.row("none", &[]).await;
    service
        .row("of a handler without a login", &[requests::bare()])
        .await;
    service
        .row("tokens that we never made", &[requests::unknown_token()])
        .await;
    let ended: Vec<_> = service
        .ended()
        .await
        .iter()
        .map(|token| requests::token(token))
        .collect();
    service.row("tokens of ours that are over", &ended).await;

    let records = service.records().await;
    service
        .row("forged callbacks of 38 KB", &[requests::forged_callback()])
        .await;
    let records = service.records().await - records;

    let calls = service.code_calls();
    let another_login = async {
        tokio::time::sleep(length / 2).await;
        let began = Instant::now();
        (service.another_login().await, began.elapsed())
    };
    let codes = [requests::garbage_code(service.corp())];
    let ((), (status, took)) = tokio::join!(service.row("garbage codes", &codes), another_login);
    println!(
        "\nThe forged callbacks left {records} records. For the garbage codes WeCom was asked {} times; a login of \
         another company meanwhile: {status} in {took:?}.",
        service.code_calls() - calls
    );
    service.flood_with_states(connections).await;
    service.end().await;
}
