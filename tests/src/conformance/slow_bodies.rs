//! Bodies that do not come.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::Target;
use crate::TestResponse;
use crate::app::TestApp;
use crate::auths::COMPANY_A;

/// Half a minute.
const MAX_STEPS: usize = 1500;

/// Announces 100 bytes and sends one, and reads what comes until the connection is closed.
async fn stall(app: &TestApp, path: &str, headers: &str) -> JoinHandle<Vec<u8>> {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: 100\r\n\r\n{{",
        app.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::spawn(async move {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    })
}

/// Lets time pass until the connection is closed. The server may see the request only after the first of it.
async fn closed(app: &TestApp, stalled: JoinHandle<Vec<u8>>, step: Duration) -> TestResponse {
    for _ in 0..MAX_STEPS {
        if stalled.is_finished() {
            break;
        }
        app.advance(step);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(stalled.is_finished(), "the connection is still open");
    let answer = stalled.await.unwrap();
    TestResponse::parse(&answer, "POST").expect("an answer before the connection is closed")
}

pub(super) async fn body_that_does_not_come_is_408(target: Target) {
    let app = target.app().start().await;
    let prefix = target.layout.prefix();
    let path = |path: &str| format!("{prefix}{path}");
    for json in [
        "/loginByCode",
        "/loginByWorkbench",
        "/QywxProxyCompanyA/getLoginCode",
    ] {
        let stalled = stall(&app, &path(json), "").await;
        let answer = closed(&app, stalled, Duration::from_secs(10)).await;
        answer.assert_problem(408, "BODY_TIMEOUT");
    }
    let signed = "/notify?msg_signature=a&timestamp=1&nonce=1";
    let stalled = stall(&app, &path(signed), "").await;
    let answer = closed(&app, stalled, Duration::from_secs(10)).await;
    assert_eq!((answer.status, answer.text()), (408, ""));
    app.stop().await;
}

pub(super) async fn rejection_of_a_body_that_does_not_come_waits_five_seconds(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let stalled = stall(&app, "/api/guarded-upload", "").await;
    closed(&app, stalled, Duration::from_secs(5))
        .await
        .assert_problem(401, "UNAUTHENTICATED");
    // The host app's own bodies are its own matter.
    let cookie = format!("cookie: wecom_login={token}\r\n");
    let stalled = stall(&app, "/api/guarded-upload", &cookie).await;
    closed(&app, stalled, Duration::from_secs(5))
        .await
        .assert_problem(403, "CROSS_SITE");
    app.stop().await;
}
