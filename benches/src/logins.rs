//! A login with warm tokens of a person who was seen today, against the sandbox.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wecom_login::{AuthCode, CorpId, WorkbenchLoginRequest};
use wecom_login_tower::login_routes;
use wecom_sandbox::Sandbox;

use crate::login;

const LOGINS: usize = 500;

/// Logs the same person in again and again; each time the bare call to WeCom runs beside it.
pub async fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let (database, statements) = login::database(&directory.path().join("login.db")).await;
    let sandbox = Sandbox::builder().suites([login::suite()]).corps(1).start().await.unwrap();
    let login = login::builder().wecom_url(sandbox.url()).database(database).build().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().nest("/auth", login_routes(&login));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    sandbox.set_notify(&format!("http://{address}/auth/notify")).unwrap();
    let corp = sandbox.corp_ids().remove(0);
    let user = sandbox.user_ids(&corp).remove(0);
    assert!(sandbox.install(&corp).await.unwrap().succeeded());

    let secret = sandbox.permanent_code(&corp, login::SUITE).unwrap();
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let answer =
        ask(&mut stream, &format!("/cgi-bin/gettoken?corpid={corp}&corpsecret={secret}")).await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let access_token = answer["access_token"].as_str().unwrap();

    let warm = || async {
        let code = AuthCode::new(sandbox.code(&corp, &user).unwrap());
        let request = WorkbenchLoginRequest::new(CorpId::new(&corp).unwrap(), code);
        let began = Instant::now();
        login.service().login_by_workbench(request).await.map(|_| began.elapsed())
    };
    // The company's authorisation comes after the answer to its event.
    while warm().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    warm().await.expect("the first login is as good as the others");
    let calls_before = calls(&sandbox);
    statements.lock().unwrap().clear();
    let (mut logins, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..LOGINS {
        logins.push(warm().await.unwrap());
        let code = sandbox.code(&corp, &user).unwrap();
        let began = Instant::now();
        let path = format!("/cgi-bin/auth/getuserinfo?access_token={access_token}&code={code}");
        assert!(ask(&mut stream, &path).await.unwrap().contains("\"userid\""));
        bare.push(began.elapsed());
    }
    println!("\n## login with warm tokens, {LOGINS} times\n");
    println!(
        "- calls to WeCom, of which {LOGINS} are the bare ones: {:?}",
        difference(&calls_before, &calls(&sandbox))
    );
    // The feed of ends is read in the background, whether or not anybody logs in.
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for sql in statements.lock().unwrap().iter().filter(|sql| !sql.contains("wecom_end")) {
        let kind: String = sql
            .split_whitespace()
            .filter(|word| {
                word.contains("wecom_") || *word == "INSERT" || *word == "SELECT" || *word == "UPDATE"
            })
            .take(1)
            .collect();
        let table = sql.split('"').find(|word| word.starts_with("wecom_")).unwrap_or_default();
        *kinds.entry(format!("{kind} {table}")).or_default() += 1;
    }
    println!("- statements: {kinds:?}");
    println!("- a login: {:?}; the bare call to the sandbox: {:?}", median(logins), median(bare));
    login.shutdown().await;
    server.abort();
    sandbox.shutdown().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn calls(sandbox: &Sandbox) -> serde_json::Map<String, serde_json::Value> {
    sandbox.state()["calls"].as_object().unwrap().clone()
}

fn difference(
    before: &serde_json::Map<String, serde_json::Value>,
    after: &serde_json::Map<String, serde_json::Value>,
) -> Vec<(String, u64)> {
    let count = |of: &serde_json::Map<String, serde_json::Value>, path: &String| {
        of.get(path).and_then(|count| count.as_u64()).unwrap_or(0)
    };
    let more = after.keys().map(|path| (path.clone(), count(after, path) - count(before, path)));
    more.filter(|(_, more)| *more > 0).collect()
}

/// One request on a connection that stays open, without any client library.
async fn ask(stream: &mut TcpStream, path: &str) -> io::Result<String> {
    let host = stream.peer_addr()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        stream.read_buf(&mut answer).await?;
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if length.is_some_and(|length| body.len() >= length) {
            return Ok(body.to_owned());
        }
    }
}
