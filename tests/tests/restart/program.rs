//! The example app as a child process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::node::be_patient;
use wecom_sandbox::Sandbox;

pub(crate) const SUITE: &str = "dkrestart00000000001";
pub(crate) const TOKEN: &str = "RestartCallbackToken1";
pub(crate) const AES_KEY: &str = "Sd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";
pub(crate) const ADMIN_KEY: &str = "an-admin-key-of-the-restarts";
/// Base64 of 32 bytes.
const DATA_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The directory of an app: its configuration, its database, its key.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write(
            "Restart.json",
            &json!({"providerCorpId": "wwrestartprovider01", "authConfig": {
                "suiteId": SUITE, "suiteSecret": "secret-of-the-suite", "token": TOKEN, "encodingAESKey": AES_KEY,
            }})
            .to_string(),
        );
        home.write(
            "e.json",
            &json!({"title": "Restart", "type": "auths.loginTypes.QywxProxyType"}).to_string(),
        );
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn auths(&self) -> PathBuf {
        self.path().join("auths")
    }

    /// Writes a file of the only instance.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let instance = self.auths().join("Restart");
        fs::create_dir_all(&instance).unwrap();
        fs::write(instance.join(name), text).unwrap();
    }

    pub(crate) async fn sandbox(&self, corps: usize) -> Sandbox {
        let sandbox = Sandbox::builder()
            .auths(self.auths())
            .corps(corps)
            .start()
            .await
            .unwrap();
        // A start may take as long as the machine needs.
        be_patient(&sandbox).await;
        sandbox
    }

    /// The app's command, in this directory, with nothing of our own environment that could configure it.
    pub(crate) fn command(&self, listen: &str, wecom_url: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-app-under-test"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECOM_LOGIN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.path()).env_remove("RUST_LOG");
        command
            .args(["--listen", listen, "--auths"])
            .arg(self.auths());
        command.args(["--wecom-url", wecom_url]);
        command
    }
}

/// A running app; it is killed when it is dropped.
pub(crate) struct App {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl App {
    /// Starts it and waits until it says where it is.
    pub(crate) async fn start(
        home: &Home,
        database: &TestDatabase,
        listen: &str,
        wecom_url: &str,
    ) -> Self {
        Self::start_to_die(home, database, listen, wecom_url, None).await
    }

    /// The same; it aborts when it comes to this place.
    pub(crate) async fn start_to_die(
        home: &Home,
        database: &TestDatabase,
        listen: &str,
        wecom_url: &str,
        place: Option<&str>,
    ) -> Self {
        let mut command = home.command(listen, wecom_url);
        if let Some(place) = place {
            command.env("WECOM_LOGIN_ABORT_AT", place);
        }
        command.args(["--database-url", database.url()]);
        if database.backend() != DbBackend::Sqlite {
            // Beside a file of its own the app keeps its own key; here it is given one, as nodes are.
            command.env("WECOM_LOGIN_DATA_KEY", DATA_KEY);
        }
        command
            .args(["--admin-key", ADMIN_KEY])
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Beside the test's own tasks: its WeCom goes on meanwhile.
        let line = tokio::task::spawn_blocking(move || {
            lines.find_map(|line| line.ok().filter(|line| line.contains(" is at http://")))
        });
        let line = line.await.unwrap().expect("the app says where it is");
        let addr = line
            .split_once("http://")
            .unwrap()
            .1
            .trim_end_matches('/')
            .parse()
            .unwrap();
        Self { child, addr }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.stop();
    }

    /// `kill -9`, of one that may be dead already.
    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Asks it to end, and gives how it did.
    pub(crate) fn end(mut self) -> Option<i32> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own; `None` if there was no whole answer.
pub(crate) async fn request(
    addr: SocketAddr,
    method: &str,
    target: &str,
    bearer: Option<&str>,
    body: &[u8],
) -> Option<(u16, Vec<u8>)> {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await.ok()?;
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
        if let Some(bearer) = bearer {
            head += &format!("authorization: Bearer {bearer}\r\n");
        }
        head += &format!(
            "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(body).await.ok()?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await.ok()?;
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
        let status = std::str::from_utf8(&raw[..end])
            .ok()?
            .split(' ')
            .nth(1)?
            .parse()
            .ok()?;
        Some((status, raw[end + 4..].to_vec()))
    };
    tokio::time::timeout(Duration::from_secs(60), exchange)
        .await
        .ok()
        .flatten()
}

/// A request that has to be answered with this status, and its JSON.
pub(crate) async fn json_of(
    addr: SocketAddr,
    method: &str,
    target: &str,
    bearer: Option<&str>,
    body: Option<Value>,
    status: u16,
) -> Value {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let (got, body) = request(addr, method, target, bearer, body.as_bytes())
        .await
        .expect("an answer");
    assert_eq!(got, status, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap_or_default()
}
