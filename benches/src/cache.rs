//! Many sessions in memory: what a hit costs among them, what each costs in memory, and what a miss costs.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use sea_orm::ConnectionTrait as _;
use wecom_login::{CorpId, PermanentCode, SuiteId, Verify, WecomLogin};

use crate::interleave::{Contestant, race};
use crate::limit::{self, Sessions as _};
use crate::login::{self, CORP, SUITE};

/// Misses that are timed one after the other.
const MISSES: usize = 2_000;

/// Measures in a process of its own for each number of sessions, so that one's memory is not another's.
pub fn measure(sizes: &[usize]) {
    println!("\n## sessions in memory\n");
    println!("| sessions | resident, MiB | contestant | ns a hit |\n|--:|--:|---|--:|");
    for size in sizes {
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).args(["--cache-of", &size.to_string()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        print!("{}", String::from_utf8(output.stdout).unwrap());
    }
}

/// The part of one process.
pub async fn measure_here(sessions: usize) {
    let directory = tempfile::tempdir().unwrap();
    let (database, statements) = login::database(&directory.path().join("login.db")).await;
    let login = login::builder().database(database.clone()).build().await.unwrap();
    let (suite, corp) = (SuiteId::new(SUITE).unwrap(), CorpId::new(CORP).unwrap());
    login.service().import_authorization(&suite, &corp, PermanentCode::new("code"), None).await.unwrap();
    let row = database.query_one_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "SELECT epoch FROM wecom_authorization",
    ));
    let epoch: i64 = row.await.unwrap().unwrap().try_get("", "epoch").unwrap();
    database.execute_unprepared("PRAGMA synchronous = OFF").await.unwrap();
    let tokens = login::write_sessions(&database, sessions, epoch).await;

    statements.lock().unwrap().clear();
    let before = resident();
    let began = Instant::now();
    for token in &tokens[..MISSES.min(sessions)] {
        verify(&login, token).await;
    }
    let miss = began.elapsed() / MISSES.min(sessions) as u32;
    let read = |sql: &String| sql.contains("wecom_session");
    let reads = statements.lock().unwrap().iter().filter(|sql| read(sql)).count();
    for chunk in tokens.chunks(64) {
        futures_util::future::join_all(chunk.iter().map(|token| verify(&login, token))).await;
    }
    let after = resident();
    let each = (after - before) / sessions;
    eprintln!("{sessions} sessions: {each} bytes each with what loading left behind");

    let (moka, map) = (limit::moka_sessions(&tokens), limit::map_sessions(&tokens));
    let contestants = vec![
        again("sha256 + map", &tokens, |token| map.person(&limit::hash(token)).is_some()),
        again("sha256 + moka", &tokens, |token| moka.person(&limit::hash(token)).is_some()),
        again("wecom-login", &tokens, |token| matches!(login.verify_token(token), Verify::Ready(Ok(_)))),
    ];
    let race = race(contestants, 100);
    for times in race.times() {
        let name = times.name;
        println!("| {sessions} | {} | {name} | {} |", (after - before) >> 20, race.cost(name));
    }
    println!("| {sessions} | | a miss: {reads} reads for {} | {} |", MISSES.min(sessions), miss.as_nanos());
    login.shutdown().await;
}

async fn verify(login: &WecomLogin, token: &str) {
    login.verify_token(token.as_bytes()).answer().await.unwrap().unwrap();
}

fn again<'a>(name: &'static str, tokens: &'a [String], look: impl Fn(&[u8]) -> bool + 'a) -> Contestant<'a> {
    let mut next = 0;
    Contestant::new(name, move |times| {
        for _ in 0..times {
            next = (next + 7919) % tokens.len();
            assert!(black_box(look(tokens[next].as_bytes())), "{name}");
        }
    })
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
