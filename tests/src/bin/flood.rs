//! Floods at full speed, with figures: `cargo run --release -p wecom-login-tests --bin flood -- 30` (seconds each).
//! On PostgreSQL or MariaDB with `TEST_DATABASE_SERVER`.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, reason = "a program for the hand of a developer")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wecom_login::{AuthCode, CorpId, SuiteId, WorkbenchLoginRequest};
use wecom_login_tests::figures::{Latencies, resident_mib};
use wecom_login_tests::forge::Forge;
use wecom_login_tests::node::{Node, Plan, SUITE};

const LIVE: usize = 100;

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let length = Duration::from_secs(seconds);
    let node = Arc::new(Node::start(Plan::default()).await);
    let (corp, other) = (node.install(0).await, node.install(1).await);
    let mut live = Vec::new();
    for _ in 0..LIVE {
        live.push(node.session(SUITE, &corp, &node.user(0, 0)).await);
    }
    println!("quiet: {}; {} MiB", good_requests(&node, &live, Duration::from_secs(5)).await, resident_mib());

    let flood = {
        let node = Arc::clone(&node);
        Flood::start(move |number| {
            // Of the right form, but not ours.
            let token = format!("wl_{number:0>43}");
            let login = node.login.clone();
            async move { assert!(login.verify_token(token.as_bytes()).answer().await.is_err()) }
        })
    };
    let latencies = good_requests(&node, &live, length).await;
    println!("unknown tokens at {}: {latencies}; {} MiB", flood.end(length).await, resident_mib());

    let mut gone = Vec::new();
    for _ in 0..LIVE {
        gone.push(node.session(SUITE, &corp, &node.user(0, 1)).await);
    }
    let ended = node.login.verify_token(gone[0].as_bytes()).answer().await.unwrap().unwrap().user;
    node.login.service().logout_all(&ended).await.unwrap();
    let flood = {
        let (node, gone) = (Arc::clone(&node), Arc::new(gone));
        Flood::start(move |number| {
            let (login, gone) = (node.login.clone(), Arc::clone(&gone));
            let token = number as usize % LIVE;
            async move { assert!(login.verify_token(gone[token].as_bytes()).answer().await.is_err()) }
        })
    };
    let latencies = good_requests(&node, &live, length).await;
    println!("ended tokens of ours at {}: {latencies}; {} MiB", flood.end(length).await, resident_mib());

    let records = "SELECT COUNT(*) FROM wecom_callback_record";
    let before = node.number(records).await;
    let flood = {
        let node = Arc::clone(&node);
        let forge = Forge::new("NotTheToken000000000", "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB");
        let push = Arc::new(forge.post(SUITE, &"<xml><a>b</a></xml>".repeat(2_000)));
        Flood::start(move |_| {
            let (service, push) = (node.login.service(), Arc::clone(&push));
            async move {
                assert_eq!(service.notify("POST", &push.query, &push.body).await.status, 403);
            }
        })
    };
    let latencies = good_requests(&node, &live, length).await;
    let speed = flood.end(length).await;
    let stored = node.number(records).await - before;
    println!("forged callbacks at {speed}: {latencies}; {stored} records; {} MiB", resident_mib());

    let before = node.sandbox.calls("auth/getuserinfo");
    let flood = {
        let (node, corp) = (Arc::clone(&node), corp.clone());
        Flood::start(move |number| {
            let code = AuthCode::new(format!("garbage-{number}"));
            let request = WorkbenchLoginRequest::new(CorpId::new(&*corp).unwrap(), code);
            let service = node.login.service();
            async move {
                let request = request.with_suite_id(SuiteId::new(SUITE).ok());
                assert!(service.login_by_workbench(request).await.is_err());
            }
        })
    };
    let latencies = good_requests(&node, &live, length).await;
    let began = Instant::now();
    let of_others = node.log_in(SUITE, &other, &node.user(1, 0)).await.status;
    let took = began.elapsed();
    let speed = flood.end(length).await;
    let calls = node.sandbox.calls("auth/getuserinfo") - before;
    println!(
        "garbage codes at {speed}: {latencies}; WeCom was asked {calls} times in {seconds} s; a login of another \
         company: {of_others} in {took:?}; {} MiB",
        resident_mib()
    );
    node.login.shutdown().await;
}

/// Two tasks that do one thing without a pause.
struct Flood {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    tasks: tokio::task::JoinSet<()>,
}

impl Flood {
    fn start<F: Future<Output = ()> + Send>(one: impl Fn(u64) -> F + Send + Sync + 'static) -> Self {
        let (stop, done, one) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(one));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (stop, done, one) = (Arc::clone(&stop), Arc::clone(&done), Arc::clone(&one));
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = done.fetch_add(1, Ordering::Relaxed);
                    one(number).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        Self { stop, done, tasks }
    }

    async fn end(self, length: Duration) -> String {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        format!("{:.0}/s", self.done.load(Ordering::Relaxed) as f64 / length.as_secs_f64())
    }
}

/// A good request every millisecond or so.
async fn good_requests(node: &Node, live: &[String], length: Duration) -> Latencies {
    let mut latencies = Latencies::default();
    let began = Instant::now();
    while began.elapsed() < length {
        for token in live {
            let asked = Instant::now();
            let answer = node.ask("GET", "/auth/me", Some(token), None).await;
            latencies.add(asked.elapsed());
            assert_eq!(answer.status, 200);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    latencies
}
