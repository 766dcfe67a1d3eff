//! A login with warm tokens of a person who was seen today, against the sandbox.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wecom_login::{CorpId, LoginByCodeRequest, LoginCodeRequest, OAuthCode, WorkbenchLoginRequest};
use wecom_login_tower::login_routes;
use wecom_sandbox::Sandbox;

use crate::interleave::{Shuffle, Spread};
use crate::login::{self, Statements};
use crate::report::Targets;

const LOGINS: usize = 500;

/// Logs the same person in again and again by each method; the bare call to WeCom takes turns with them.
pub async fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let (database, statements) = login::database(&directory.path().join("login.db")).await;
    let sandbox = Sandbox::builder()
        .suites([login::suite()])
        .corps(1)
        .start()
        .await
        .unwrap();
    let login = login::builder()
        .wecom_url(sandbox.url())
        .database(database)
        .build()
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().nest("/auth", login_routes(&login));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    sandbox
        .set_notify(&format!("http://{address}/auth/notify"))
        .unwrap();
    let corp = sandbox.corp_ids().remove(0);
    let user = sandbox.user_ids(&corp).remove(0);
    assert!(sandbox.install(&corp).await.unwrap().succeeded());

    let secret = sandbox.permanent_code(&corp, login::SUITE).unwrap();
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let answer = ask(
        &mut stream,
        &format!("/cgi-bin/gettoken?corpid={corp}&corpsecret={secret}"),
    )
    .await
    .unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let access_token = answer["access_token"].as_str().unwrap();

    let meter = Meter {
        sandbox: &sandbox,
        statements: &statements,
    };
    let code = || OAuthCode::new(sandbox.code(&corp, &user).unwrap());
    let corp_id = CorpId::new(&corp).unwrap();
    let instance = login.instance("auths.QywxProxyDefault").unwrap();
    let workbench = || {
        let request = WorkbenchLoginRequest::new(corp_id.clone(), code());
        async { login.service().login_by_workbench(request).await }
    };
    // The company's authorization comes after the answer to its event.
    while workbench().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // The feed brings our own changes back, after which the company is read once more.
    statements.settled().await;
    workbench().await.unwrap();
    let mut methods = METHODS.map(|name| Timed {
        name,
        ..Timed::default()
    });
    let [bare, by_workbench, to_login_code, by_login_code] = &mut methods;
    let mut shuffle = Shuffle::new();
    for _ in 0..LOGINS {
        for turn in shuffle.order(3) {
            match turn {
                0 => {
                    let code = sandbox.code(&corp, &user).unwrap();
                    let path = format!(
                        "/cgi-bin/auth/getuserinfo?access_token={access_token}&code={code}"
                    );
                    let answer = meter.measure(bare, ask(&mut stream, &path)).await.unwrap();
                    assert!(answer.contains("\"userid\""));
                }
                1 => drop(meter.measure(by_workbench, workbench()).await.unwrap()),
                _ => {
                    let request = LoginCodeRequest::new(corp_id.clone(), code());
                    let made = meter
                        .measure(to_login_code, instance.login_code(request))
                        .await
                        .unwrap();
                    let request = LoginByCodeRequest::new(made.login_code);
                    let service = login.service();
                    meter
                        .measure(by_login_code, service.login_by_code(request))
                        .await
                        .unwrap();
                }
            }
        }
    }
    println!("\n## login with warm tokens of a person seen today, {LOGINS} times\n");
    println!("| method | µs | statements, at most | calls to WeCom, at most |\n|---|--:|--:|--:|");
    for Timed {
        name,
        micros,
        statements,
        calls,
    } in &methods
    {
        println!(
            "| {name} | {} | {statements} | {calls} |",
            Spread::of(micros.clone())
        );
    }
    let [_, by_workbench, to_login_code, by_login_code] = &methods;
    assert_eq!(
        (by_workbench.calls, to_login_code.calls, by_login_code.calls),
        (1, 1, 0)
    );
    assert!(by_workbench.statements <= 2 && to_login_code.statements <= 2);
    Targets::default()
        .at_most(
            "loginByWorkbench: statements before the answer",
            by_workbench.statements,
            2.0,
        )
        .at_most(
            "getLoginCode: statements before the answer",
            to_login_code.statements,
            2.0,
        )
        .at_most("calls to WeCom", by_workbench.calls, 1.0)
        .print();
    login.shutdown().await;
    server.abort();
    sandbox.shutdown().await;
}

const METHODS: [&str; 4] = [
    "the bare call, `auth/getuserinfo`",
    "`loginByWorkbench`",
    "`getLoginCode`",
    "`loginByCode`",
];

/// What the logins of one method took.
#[derive(Default)]
struct Timed {
    name: &'static str,
    micros: Vec<f64>,
    /// The most of one login.
    statements: u64,
    calls: u64,
}

struct Meter<'a> {
    sandbox: &'a Sandbox,
    statements: &'a Statements,
}

impl Meter<'_> {
    async fn measure<T>(&self, method: &mut Timed, login: impl Future<Output = T>) -> T {
        let (calls, statements, began) = (self.calls(), self.statements.count(), Instant::now());
        let answer = login.await;
        method.micros.push(began.elapsed().as_secs_f64() * 1e6);
        method.statements = method.statements.max(self.statements.count() - statements);
        method.calls = method.calls.max(self.calls() - calls);
        answer
    }

    /// All calls of WeCom's API so far.
    fn calls(&self) -> u64 {
        let state = self.sandbox.state();
        state["calls"]
            .as_object()
            .unwrap()
            .values()
            .filter_map(|count| count.as_u64())
            .sum()
    }
}

/// One request on a connection that stays open, without any client library.
async fn ask(stream: &mut TcpStream, path: &str) -> io::Result<String> {
    let host = stream.peer_addr()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes())
        .await?;
    let mut answer = Vec::new();
    loop {
        stream.read_buf(&mut answer).await?;
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if length.is_some_and(|length| body.len() >= length) {
            return Ok(body.to_owned());
        }
    }
}
