//! Clients of the example apps that send slowly or nothing: their connections are closed.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wecom_login_tests::process::{DemoProcess, Example};

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

#[tokio::test(flavor = "multi_thread")]
async fn axum_app_lets_slow_clients_go() {
    let binary = env!("CARGO_BIN_EXE_axum-app-under-test");
    slow_clients_are_let_go(Example {
        name: "axum-app",
        binary,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_app_lets_slow_clients_go() {
    let binary = env!("CARGO_BIN_EXE_actix-app-under-test");
    slow_clients_are_let_go(Example {
        name: "actix-app",
        binary,
    })
    .await;
}
