//! Clients of the example apps that send slowly or nothing: their connections are closed, and others are served.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wecom_login_tests::TestRequest;
use wecom_login_tests::measure::Latencies;
use wecom_login_tests::process::{DemoProcess, Example};

const AXUM_APP: Example = Example {
    name: "axum-app",
    binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
};
const ACTIX_APP: Example = Example {
    name: "actix-app",
    binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
};

/// What many systems allow a process.
const OPEN_FILES: u32 = 1024;
const SLOW_CLIENTS: usize = 1000;

/// More than the apps allow, and less than the operating system would need to notice.
const LIMIT: Duration = Duration::from_secs(60);

/// Opens a connection that sends this and no more, and waits until it is closed; what came back.
async fn closed(app: &DemoProcess, sent: String) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await;
    // A connection that is reset is closed, too.
    drop(read.unwrap_or_else(|_| panic!("still open after {LIMIT:?}: {sent:?}")));
    (String::from_utf8(answer).unwrap(), began.elapsed())
}

async fn slow_clients_are_let_go(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let host = app.address;
    let get = format!("GET /api/public HTTP/1.1\r\nhost: {host}\r\n");
    let post =
        format!("POST /auth/loginByCode HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100\r\n");
    let (nothing, half, idle, body) = tokio::join!(
        closed(&app, String::new()),
        closed(&app, get.clone()),
        closed(&app, format!("{get}\r\n")),
        closed(&app, format!("{post}\r\n{{")),
    );
    assert!(idle.0.starts_with("HTTP/1.1 200"), "{}", idle.0);
    assert!(body.0.starts_with("HTTP/1.1 408"), "{}", body.0);
    assert!(body.0.contains("BODY_TIMEOUT"), "{}", body.0);
    println!(
        "{}: closed without a byte after {:.1?}, in the headers {:.1?}, after an answer {:.1?}, in the body {:.1?}",
        example.name, nothing.1, half.1, idle.1, body.1
    );
    app.stop();
}

/// Bodies that do not come, from as many connections as the process may have files: people log in meanwhile, or as soon as
/// the first of them are closed.
async fn logins_go_on_beside_slow_bodies(example: Example) {
    let app = DemoProcess::start(example, None).await;
    app.limit_open_files(OPEN_FILES);
    let corp = &app.authorized_corps().await[0];
    let mut codes = Vec::new();
    let member = format!("/corps/{}/members/{}/code", corp.id, corp.member.0);
    // Beforehand: the sandbox is in the same process.
    for _ in 0..220 {
        codes.push(app.control(&member, &json!({})).await["code"].clone());
    }
    let mut codes = codes.into_iter();
    let mut log_in = async || {
        let body = json!({"corpId": corp.id, "code": codes.next()?});
        let began = Instant::now();
        let _ = app
            .send(TestRequest::post("/auth/loginByWorkbench").json(&body))
            .await
            .success();
        Some(began.elapsed())
    };
    let (mut before, mut meanwhile) = (Latencies::default(), Latencies::default());
    for _ in 0..20 {
        before.add(log_in().await.unwrap());
    }
    let post = format!(
        "POST /auth/loginByCode HTTP/1.1\r\nhost: {}\r\ncontent-length: 100\r\n\r\n{{",
        app.address
    );
    let done = AtomicBool::new(false);
    let slow = async {
        let closed = join_all((0..SLOW_CLIENTS).map(|_| closed(&app, post.clone()))).await;
        done.store(true, Ordering::SeqCst);
        closed
    };
    let logins = async {
        while !done.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let Some(latency) = log_in().await else { break };
            meanwhile.add(latency);
        }
    };
    let (slow, ()) = tokio::join!(slow, logins);
    let timed_out = slow
        .iter()
        .filter(|(answer, _)| answer.starts_with("HTTP/1.1 408"))
        .count();
    let last = slow.iter().map(|(_, after)| *after).max().unwrap();
    println!(
        "{}: {SLOW_CLIENTS} slow bodies, {OPEN_FILES} files: {timed_out} are 408, the last one closed after {last:.1?}; \
         logins before {before}, meanwhile {meanwhile}, at most {:?}",
        example.name,
        meanwhile.percentile(100)
    );
    assert_eq!(timed_out, SLOW_CLIENTS);
    assert!(meanwhile.count() > 0);
    app.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_app_lets_slow_clients_go() {
    slow_clients_are_let_go(AXUM_APP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_app_lets_slow_clients_go() {
    slow_clients_are_let_go(ACTIX_APP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_app_logs_people_in_beside_slow_bodies() {
    logins_go_on_beside_slow_bodies(AXUM_APP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_app_logs_people_in_beside_slow_bodies() {
    logins_go_on_beside_slow_bodies(ACTIX_APP).await;
}
