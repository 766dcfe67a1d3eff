//! The program that measures: all parts, or those that are named. The script `run` builds it first.

use std::process::ExitCode;

use http::{StatusCode, header};
use wecom_login_benches::axum_race::{self, Requests, asking};
use wecom_login_benches::callback_race::{self, Ours, Push};
use wecom_login_benches::interleave::race;
use wecom_login_benches::peers::{axum_login, jwt, tower_sessions};
use wecom_login_benches::report::{Targets, print_added, print_surroundings};
use wecom_login_benches::threads::{Pair, Worker, scaling};
use wecom_login_benches::{actix_race, cache, http_race, limit, login, logins, metrics};

/// Sessions that are asked for in turn, unless the variable `SESSIONS` says otherwise. So many stay in the processor's
/// caches with the requests that ask for them, as those of a server do, which has just read them.
const SESSIONS: usize = 1_000;
const ROUNDS: usize = 200;

/// For a profiler: one operation of ours, repeated so often that issuing the sessions does not count.
const PROFILED: [(&str, fn()); 2] = [
    ("profile-hit", profile_hit),
    ("profile-callback", profile_callback),
];

const PARTS: [(&str, fn()); 9] = [
    ("axum", axum),
    ("actix", actix),
    ("callbacks", callbacks),
    ("threads", two_threads),
    ("allocations", allocations),
    ("logins", || runtime().block_on(logins::measure())),
    ("cache", || cache::measure(&[10_000, 1_000_000])),
    ("http", || runtime().block_on(http_race::measure())),
    // Last, because it installs an exporter.
    ("metrics", || {
        runtime().block_on(metrics::measure(sessions()))
    }),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [only] = wanted.as_slice()
        && let Some((_, profiled)) = PROFILED.iter().find(|(name, _)| name == only)
    {
        profiled();
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !PARTS.iter().any(|(part, _)| part == name))
    {
        eprintln!(
            "no part is called {unknown}; there are: {}",
            PARTS.map(|(part, _)| part).join(", ")
        );
        return ExitCode::FAILURE;
    }
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    if wants("http")
        && let Err(error) = http_race::look_for_wrk()
    {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    print_surroundings();
    for (_, part) in PARTS.iter().filter(|(name, _)| wants(name)) {
        part();
    }
    ExitCode::SUCCESS
}

fn sessions() -> usize {
    std::env::var("SESSIONS").map_or(SESSIONS, |sessions| {
        sessions.parse().expect("SESSIONS is a number")
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn axum() {
    let runtime = runtime();
    let (login, tokens) = runtime.block_on(login::with_sessions(sessions()));
    let (moka, map) = (limit::moka_sessions(&tokens), limit::map_sessions(&tokens));
    let mut contestants = axum_race::routes(&login, &tokens, &moka, &map);
    let peer = |name,
                (router, values): (axum::Router, Vec<http::HeaderValue>),
                header: header::HeaderName| {
        asking(name, router, Requests::with(header, values), StatusCode::OK)
    };
    contestants.push(peer(
        "HS256 JWT middleware",
        jwt::router(sessions()),
        header::AUTHORIZATION,
    ));
    contestants.push(peer(
        "tower-sessions",
        runtime.block_on(tower_sessions::router(sessions())),
        header::COOKIE,
    ));
    contestants.push(peer(
        "axum-login",
        runtime.block_on(axum_login::router(sessions())),
        header::COOKIE,
    ));
    let against = [
        "limit, moka",
        "limit, map",
        "HS256 JWT middleware",
        "axum-login",
    ];
    let hits = race(contestants, ROUNDS);
    print_added("axum route, session in memory", &hits, &against);
    let added = |other| hits.ratio_of_added("wecom-login", other, "bare handler");
    Targets::default()
        .at_most("added × limit, moka", added("limit, moka"), 1.15)
        .at_most("added × axum-login", added("axum-login"), 0.25)
        .at_most("aimed at: added × axum-login", added("axum-login"), 0.15)
        .at_most(
            "added × HS256 JWT middleware",
            added("HS256 JWT middleware"),
            0.35,
        )
        .print();

    let stacks = race(axum_race::stacks(&login, &tokens, &moka, &map), ROUNDS);
    print_added(
        "bare tower stack, session in memory",
        &stacks,
        &["limit, moka", "limit, map"],
    );
    let refusals = race(axum_race::refusals(&login, &tokens, &moka), ROUNDS);
    print_added(
        "refusals in axum",
        &refusals,
        &["limit, moka: empty 401", "wecom-login: a hit"],
    );
    runtime.block_on(login.shutdown());
}

fn actix() {
    let runtime = runtime();
    let (login, tokens) = runtime.block_on(login::with_sessions(sessions()));
    let (moka, map) = (limit::moka_sessions(&tokens), limit::map_sessions(&tokens));
    let system = actix_web::rt::System::new();
    let contestants = system.block_on(actix_race::middleware(&login, &tokens, &moka, &map));
    let against = [
        "limit, moka",
        "limit, map",
        "actix-session + actix-identity",
    ];
    let hits = race(contestants, ROUNDS);
    print_added("actix middleware, session in memory", &hits, &against);
    let added = |other| hits.ratio_of_added("wecom-login", other, "bare service");
    Targets::default()
        .at_most("added × limit, moka", added("limit, moka"), 1.15)
        .at_most(
            "added × actix-session + actix-identity",
            added("actix-session + actix-identity"),
            0.25,
        )
        .print();
    let refusals = race(
        system.block_on(actix_race::refusals(&login, &tokens, &moka)),
        ROUNDS,
    );
    print_added(
        "refusals in actix",
        &refusals,
        &["limit, moka: empty 401", "wecom-login: a hit"],
    );
    runtime.block_on(login.shutdown());
}

fn callbacks() {
    let (push, ours) = (Push::new(), Ours::new());
    let race = race(callback_race::callbacks(&push, &ours), ROUNDS);
    println!(
        "\n## callback: {} bytes of envelope to a typed event\n",
        push.body.len()
    );
    println!("| contestant | ns a call | × limit | × wecom-login |\n|---|--:|--:|--:|");
    for times in race.times() {
        let name = times.name;
        let (limit, ours) = (
            race.ratio(name, race.times()[0].name),
            race.ratio(name, "wecom-login"),
        );
        println!(
            "| {name} | {:.0} | {limit} | {ours} |",
            race.cost(name).median
        );
    }
    let limit = race.ratio("wecom-login", race.times()[0].name);
    let peers = PEERS.map(|peer| race.ratio(peer, "wecom-login"));
    let best = peers
        .into_iter()
        .min_by(|one, other| one.median.total_cmp(&other.median));
    Targets::default()
        .at_most("× limit, message not read", limit, 3.0)
        .at_least(
            "the fastest other crate × wecom-login",
            best.expect("there are peers"),
            1.4,
        )
        .print();
}

/// The crates that go from the body to an event.
const PEERS: [&str; 3] = ["wecom-crypto", "wechat-crypto", "wechat_work_crypto"];

fn two_threads() {
    let runtime = runtime();
    let (login, tokens) = runtime.block_on(login::with_sessions(sessions()));
    let moka = limit::moka_sessions(&tokens);
    let halves = tokens.split_at(sessions() / 2);
    let pair = |name, make: &dyn Fn(Vec<String>) -> Worker<'static>| Pair {
        name,
        workers: [make(halves.0.to_vec()), make(halves.1.to_vec())],
    };
    let serve = |router: axum::Router, tokens: Vec<String>| {
        let (mut router, mut requests) = (router, Requests::with_tokens(&tokens));
        move |times: usize| {
            for _ in 0..times {
                assert_eq!(
                    axum_race::serve(&mut router, requests.next()).status(),
                    StatusCode::OK
                );
            }
        }
    };
    let pairs = vec![
        pair("sha256 alone", &|tokens| {
            Box::new(move |times| {
                for index in 0..times {
                    std::hint::black_box(limit::hash(tokens[index % tokens.len()].as_bytes()));
                }
            })
        }),
        pair("bare handler", &|tokens| {
            Box::new(serve(axum_race::bare_router(), tokens))
        }),
        pair("limit, moka", &|tokens| {
            Box::new(serve(axum_race::limited_router(moka.clone()), tokens))
        }),
        pair("wecom-login", &|tokens| {
            Box::new(serve(axum_race::our_router(&login), tokens))
        }),
    ];
    println!("\n## two threads on an axum route\n\n| contestant | × one thread |\n|---|--:|");
    let scaled = scaling(pairs, ROUNDS);
    for (name, spread) in &scaled {
        println!("| {name} | {spread} |");
    }
    let ours = scaled.last().expect("ours is the last").1;
    Targets::default()
        .at_least("two threads × one", ours, 1.7)
        .print();
    runtime.block_on(login.shutdown());
}

/// Runs a program of its own, because an allocator that counts takes time.
fn allocations() {
    let program = std::env::current_exe()
        .unwrap()
        .with_file_name("allocations");
    assert!(
        std::process::Command::new(program)
            .status()
            .unwrap()
            .success()
    );
}

fn profile_hit() {
    let runtime = runtime();
    let (login, tokens) = runtime.block_on(login::with_sessions(sessions() / 10));
    let (mut router, mut requests) = (
        axum_race::our_router(&login),
        Requests::with_tokens(&tokens),
    );
    for _ in 0..10_000_000 {
        assert_eq!(
            axum_race::serve(&mut router, requests.next()).status(),
            StatusCode::OK
        );
    }
}

fn profile_callback() {
    let (push, ours) = (Push::new(), Ours::new());
    for _ in 0..5_000_000 {
        std::hint::black_box(ours.read(&push));
    }
}
