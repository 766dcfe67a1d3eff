//! Many sessions in memory: what a hit costs among them on one thread and on two, what each costs in memory, and what a
//! miss costs.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest as _, Sha256};
use wecom_login::{CorpId, PermanentCode, SessionConfig, SuiteId, Verification, WecomLogin};

use crate::interleave::{Contestant, Shuffle, Spread, race};
use crate::limit::{self, Sessions as _};
use crate::login::{self, CORP, SUITE, Statements};
use crate::report::Targets;
use crate::threads::{Pair, Worker, scaling};

/// Misses that are timed one after the other.
const MISSES: usize = 2_000;
const ROUNDS: usize = 100;
/// So many times as many may be in memory, since the parts of the cache fill unevenly.
const ROOM: f64 = 1.1;

/// Measures in a process of its own for each number of sessions, so that one's memory is not another's.
pub fn measure(sizes: &[usize]) {
    for size in sizes {
        let program = std::env::current_exe().unwrap().with_file_name("cache");
        assert!(
            Command::new(program)
                .arg(size.to_string())
                .status()
                .unwrap()
                .success()
        );
    }
}

/// The part of one process, whose allocator says how many bytes are in use.
pub async fn measure_here(sessions: usize, live: impl Fn() -> usize) {
    println!("\n## {sessions} sessions in memory");
    let directory = tempfile::tempdir().unwrap();
    let (database, statements) = login::database(&directory.path().join("login.db")).await;
    // The tables of the cache are made with the handle.
    let before = (live(), resident());
    let room = ((sessions as f64 * ROOM) as u64).max(SessionConfig::default().max_cached);
    let settings = SessionConfig::default().with_max_cached(room);
    let login = login::builder()
        .sessions(settings)
        .database(database.clone())
        .build()
        .await
        .unwrap();
    let (suite, corp) = (SuiteId::new(SUITE).unwrap(), CorpId::new(CORP).unwrap());
    login
        .admin()
        .import_authorization(&suite, &corp, PermanentCode::new("code"), None)
        .await
        .unwrap();
    let row = database.query_one_raw(Statement::from_string(
        DbBackend::Sqlite,
        "SELECT epoch FROM wecom_authorization",
    ));
    let epoch: i64 = row.await.unwrap().unwrap().try_get("", "epoch").unwrap();
    database
        .execute_unprepared("PRAGMA synchronous = OFF")
        .await
        .unwrap();
    let empty = (live(), resident());
    let tokens = login::write_sessions(&database, sessions, epoch).await;
    let written = (live(), resident());

    misses(&login, &tokens, &database, &statements).await;
    for chunk in tokens.chunks(64) {
        futures_util::future::join_all(chunk.iter().map(|token| verify(&login, token))).await;
    }
    let count = statements.count();
    for token in &tokens {
        verify(&login, token).await;
    }
    assert_eq!(statements.count(), count, "every session is in memory");

    let used = |of: fn(&(usize, usize)) -> usize, after| {
        (of(&empty) - of(&before) + after - of(&written)) / sessions
    };
    let (heap, pages) = (used(|both| both.0, live()), used(|both| both.1, resident()));
    println!(
        "\n| bytes a session: on the heap | of resident memory |\n|--:|--:|\n| {heap} | {pages} |"
    );
    if sessions >= 1_000_000 {
        Targets::default()
            .at_most("bytes a session on the heap", heap as u64, 650.0)
            .print();
    }

    let (moka, map) = (limit::moka_sessions(&tokens), limit::map_sessions(&tokens));
    let in_moka = |token: &[u8]| moka.person(&limit::hash(token)).is_some();
    let in_map = |token: &[u8]| map.person(&limit::hash(token)).is_some();
    let ours = |token: &[u8]| matches!(login.verify_token(token), Verification::Ready(Ok(_)));
    let contestants = vec![
        Contestant::new("sha256 + map", worker(&tokens, in_map)),
        Contestant::new("sha256 + moka", worker(&tokens, in_moka)),
        Contestant::new("wecom-login", worker(&tokens, ours)),
    ];
    let reads = statements.session_reads();
    let race = race(contestants, ROUNDS);
    println!("\n| contestant | ns a hit | × sha256 + moka | × sha256 + map |\n|---|--:|--:|--:|");
    for times in race.times() {
        let name = times.name;
        let (moka, map) = (
            race.ratio(name, "sha256 + moka"),
            race.ratio(name, "sha256 + map"),
        );
        println!("| {name} | {} | {moka} | {map} |", race.cost(name));
    }

    let halves = tokens.split_at(sessions / 2);
    let pairs = vec![
        Pair {
            name: "sha256 alone",
            workers: both(halves, |token| black_box(limit::hash(token)).len() == 32),
        },
        Pair {
            name: "sha256 + map",
            workers: both(halves, in_map),
        },
        Pair {
            name: "sha256 + moka",
            workers: both(halves, in_moka),
        },
        Pair {
            name: "wecom-login",
            workers: both(halves, ours),
        },
    ];
    println!("\n| two threads | × one thread |\n|---|--:|");
    let scaled = scaling(pairs, ROUNDS);
    for (name, spread) in &scaled {
        println!("| {name} | {spread} |");
    }
    assert_eq!(statements.session_reads(), reads, "a hit reads no session");
    Targets::default()
        .at_least("two threads × one", scaled[3].1, 1.7)
        .print();
    login.shutdown().await;
}

/// Sessions that are in the database only, beside the same statement through sea-orm alone. In time by the clock on the
/// wall: the database works on another thread.
async fn misses(
    login: &WecomLogin,
    tokens: &[String],
    database: &DatabaseConnection,
    statements: &Statements,
) {
    statements.settled().await;
    // The first one tells the statement.
    verify(login, &tokens[0]).await;
    let sql = statements.session_read().to_owned();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut shuffle = Shuffle::new();
    let count = MISSES.min(tokens.len() / 2);
    for token in &tokens[1..count] {
        for which in shuffle.order(2) {
            let (before, began) = (statements.count(), Instant::now());
            if which == 0 {
                verify(login, token).await;
                ours.push(began.elapsed().as_secs_f64() * 1e6);
            } else {
                let hash = Sha256::digest(token).to_vec();
                let select = Statement::from_sql_and_values(DbBackend::Sqlite, &sql, [hash.into()]);
                let row = database.query_one_raw(select).await.unwrap().unwrap();
                black_box(row);
                bare.push(began.elapsed().as_secs_f64() * 1e6);
            }
            assert_eq!(statements.count() - before, 1, "one statement each");
        }
    }
    let ratios = Spread::of(
        ours.iter()
            .zip(&bare)
            .map(|(ours, bare)| ours / bare)
            .collect(),
    );
    println!("\n| a miss | µs | × bare | statements |\n|---|--:|--:|--:|");
    println!(
        "| the same SELECT through sea-orm | {} | | 1 |",
        Spread::of(bare)
    );
    println!("| wecom-login | {} | {ratios} | 1 |", Spread::of(ours));
}

async fn verify(login: &WecomLogin, token: &str) {
    login
        .verify_token(token.as_bytes())
        .resolve()
        .await
        .unwrap()
        .unwrap();
}

/// Looks at one token after the other, in an order that no cache of the processor foresees.
fn worker<'a>(tokens: &'a [String], look: impl Fn(&[u8]) -> bool + 'a) -> impl FnMut(usize) + 'a {
    let mut next = 0;
    move |times| {
        for _ in 0..times {
            next = (next + 7919) % tokens.len();
            assert!(black_box(look(tokens[next].as_bytes())));
        }
    }
}

fn both<'a>(
    halves: (&'a [String], &'a [String]),
    look: impl Fn(&[u8]) -> bool + Copy + Send + 'a,
) -> [Worker<'a>; 2] {
    [
        Box::new(worker(halves.0, look)),
        Box::new(worker(halves.1, look)),
    ]
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
