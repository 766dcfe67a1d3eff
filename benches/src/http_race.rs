//! Requests over loopback, sent by wrk, to one route of each contestant in turn.

use std::net::SocketAddr;
use std::process::Command;

use axum::Router;
use http::HeaderValue;
use tokio::net::TcpListener;

use crate::interleave::Shuffle;
use crate::peers::{axum_login, jwt};
use crate::{axum_race, limit, login};

const SESSIONS: usize = 1_000;
const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const CONNECTIONS: u32 = 32;

struct Route {
    name: &'static str,
    address: SocketAddr,
    script: std::path::PathBuf,
    rounds: Vec<Round>,
}

/// Requests a second, two percentiles in microseconds, and what wrk itself took.
#[derive(Clone, Copy)]
struct Round {
    requests: f64,
    p50: f64,
    p99: f64,
    /// Of one processor, by wrk.
    wrk: f64,
}

/// Whether wrk is there, before anything else is measured.
///
/// # Errors
/// It is not, and how to get it.
pub fn look_for_wrk() -> Result<(), String> {
    // Without arguments it shows its usage and fails; that is enough.
    match Command::new("wrk").output() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "the part `http` needs wrk (apt-get install wrk): {error}"
        )),
    }
}

/// Asks all routes for some seconds each, and again, and prints the medians.
pub async fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let (login, tokens) = login::with_sessions(SESSIONS).await;
    let bearers: Vec<_> = tokens
        .iter()
        .map(|token| HeaderValue::from_str(&format!("Bearer {token}")).unwrap())
        .collect();
    let mut routes = Vec::new();
    for (name, header, router, values) in [
        (
            "bare handler",
            "authorization",
            axum_race::bare_router(),
            bearers.clone(),
        ),
        (
            "limit, moka",
            "authorization",
            axum_race::limited_router(limit::moka_sessions(&tokens)),
            bearers.clone(),
        ),
        (
            "wecom-login",
            "authorization",
            axum_race::our_router(&login),
            bearers,
        ),
        (
            "HS256 JWT middleware",
            "authorization",
            jwt::router(SESSIONS).0,
            jwt::router(SESSIONS).1,
        ),
        {
            let (router, cookies) = axum_login::router(SESSIONS).await;
            ("axum-login", "cookie", router, cookies)
        },
    ] {
        let script = directory.path().join(format!("{}.lua", routes.len()));
        std::fs::write(&script, lua(header, &values)).unwrap();
        routes.push(Route {
            name,
            address: serve(router).await,
            script,
            rounds: Vec::new(),
        });
    }
    let mut shuffle = Shuffle::new();
    for _ in 0..ROUNDS {
        for index in shuffle.order(routes.len()) {
            let route = &mut routes[index];
            let (address, script) = (route.address, route.script.clone());
            route.rounds.push(
                tokio::task::spawn_blocking(move || wrk(address, &script))
                    .await
                    .unwrap(),
            );
        }
    }
    println!("\n## over loopback: wrk, {CONNECTIONS} connections, {ROUNDS} × {SECONDS} s each\n");
    println!(
        "| route | requests a second | × bare | × axum-login | p50 µs | p99 µs | wrk, of a processor |\n\
         |---|--:|--:|--:|--:|--:|--:|"
    );
    let ratio = |route: &Route, other: &Route| {
        median(
            route
                .rounds
                .iter()
                .zip(&other.rounds)
                .map(|(own, other)| own.requests / other.requests),
        )
    };
    for route in &routes {
        let of = |what: fn(&Round) -> f64| median(route.rounds.iter().map(what));
        println!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {:.2} |",
            route.name,
            of(|round| round.requests),
            ratio(route, &routes[0]),
            ratio(route, &routes[routes.len() - 1]),
            of(|round| round.p50),
            of(|round| round.p99),
            of(|round| round.wrk),
        );
    }
    login.shutdown().await;
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A script for wrk that sends these headers in turn and says what it saw in one line.
fn lua(header: &str, values: &[HeaderValue]) -> String {
    let list: Vec<String> = values
        .iter()
        .map(|value| format!("{:?}", value.to_str().unwrap()))
        .collect();
    format!(
        "local values, requests, turn = {{{}}}, {{}}, 0\n\
         function init(arguments)\n\
         for i, value in ipairs(values) do requests[i] = wrk.format('GET', '/', {{['{header}'] = value}}) end\n\
         end\n\
         function request() turn = turn % #requests + 1; return requests[turn] end\n\
         function done(summary, latency, requests)\n\
         local bad = summary.errors\n\
         io.write(string.format('seen %d %d %d %d %d\\n', summary.requests, summary.duration,\n\
         latency:percentile(50), latency:percentile(99),\n\
         bad.status + bad.connect + bad.read + bad.write + bad.timeout))\n\
         end\n",
        list.join(",")
    )
}

fn wrk(address: SocketAddr, script: &std::path::Path) -> Round {
    let before = ticks_of_children();
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{SECONDS}s"),
            "-s",
        ])
        .arg(script)
        .arg(format!("http://{address}/"))
        .output()
        .expect("wrk was there a moment ago");
    let used = (ticks_of_children() - before) as f64 / 100.0 / f64::from(SECONDS);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("seen "))
        .expect("the script says what it saw");
    let seen: Vec<f64> = line
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    assert_eq!(
        seen[4], 0.0,
        "every answer is 200, and no connection fails: {text}"
    );
    Round {
        requests: seen[0] / seen[1] * 1e6,
        p50: seen[2],
        p99: seen[3],
        wrk: used,
    }
}

/// Processor time of the programs that this one has run so far, in hundredths of a second (proc(5): cutime, cstime).
fn ticks_of_children() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    after_name
        .split(' ')
        .skip(13)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}
