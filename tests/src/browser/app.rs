//! An example app in a process of its own.

use std::env;
use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::{Ask, Reply, send};

/// The key of the admin routes.
const ADMIN_KEY: &str = "browser-tests-admin-key-0001";

/// One of the example apps.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its name.
    pub name: &'static str,
    /// Its binary.
    pub binary: &'static str,
}

/// A running example app with its sandbox. Both end when this is dropped.
#[derive(Debug)]
pub struct ExampleApp {
    /// The app, for people: its public URL without a slash at the end.
    pub url: String,
    /// Where the app listens.
    pub address: SocketAddr,
    /// The sandbox's URL without a slash at the end.
    pub sandbox_url: String,
    process: Child,
    _output: Lines<BufReader<ChildStdout>>,
    _directory: TempDir,
}

impl ExampleApp {
    /// Starts it and waits until its first two companies have authorised it.
    pub async fn start(example: Example, public_url: Option<&str>) -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new(example.binary);
        command
            .env("RUST_LOG", "error")
            .args(["--listen", "127.0.0.1:0", "--admin-key", ADMIN_KEY])
            .current_dir(directory.path());
        if let Some(url) = public_url {
            command.args(["--public-url", url]);
        }
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WECOM_LOGIN_"))
        {
            command.env_remove(name);
        }
        let mut process = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let (mut listens, mut sandbox_url) = (None, None);
        while sandbox_url.is_none() {
            let line = output.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("{} ended: {said}", example.name));
            said += &line;
            assert!(!line.starts_with("not ready"), "{said}");
            let words = line.trim();
            if let Some(url) = words.split_once(" listens on ").map(|(_, url)| url) {
                listens = Some(url.trim().to_owned());
            } else if let Some((_, url)) = words.split_once(" is at ") {
                listens.get_or_insert_with(|| url.trim().to_owned());
            } else if let Some(url) = words.strip_prefix("the sandbox:") {
                sandbox_url = url.trim().strip_suffix("/sandbox").map(str::to_owned);
            }
        }
        let listens = listens.unwrap();
        let address = listens.trim_start_matches("http://").parse().unwrap();
        Self {
            url: public_url.unwrap_or(&listens).to_owned(),
            address,
            sandbox_url: sandbox_url.unwrap(),
            process,
            _output: output,
            _directory: directory,
        }
    }

    /// Sends a request to the app.
    pub async fn send(&self, ask: Ask) -> Reply {
        send(self.address, &ask).await
    }

    /// Sends a request to the sandbox.
    pub async fn wecom(&self, ask: Ask) -> Reply {
        send(self.sandbox(), &ask).await
    }

    /// What the sandbox knows.
    pub async fn state(&self) -> Value {
        send(self.sandbox(), &Ask::get("/sandbox/state"))
            .await
            .json()
    }

    /// POSTs to the sandbox's control API.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let reply = send(
            self.sandbox(),
            &Ask::post(format!("/sandbox{path}")).json(body),
        )
        .await;
        assert!(
            reply.status < 300,
            "{path}: {} {}",
            reply.status,
            reply.text()
        );
        if reply.body.is_empty() {
            Value::Null
        } else {
            reply.json()
        }
    }

    /// The sandbox's companies that have authorised the app, in its order.
    pub async fn companies(&self) -> Vec<Company> {
        let state = self.state().await;
        let corps = state["corps"].as_array().unwrap();
        let authorised = corps
            .iter()
            .filter(|corp| corp["apps"].as_array().is_some_and(|apps| !apps.is_empty()));
        authorised.map(Company::read).collect()
    }

    /// The companies that a person may enter, as the app's JSON login has them.
    pub async fn corp_list(&self, company: &Company, user_id: &str) -> Vec<Value> {
        let code = self
            .control(
                &format!("/corps/{}/members/{user_id}/code", company.id),
                &json!({}),
            )
            .await;
        let body = json!({"corpId": company.id, "code": code["code"]});
        let reply = self
            .send(Ask::post("/auth/QywxProxyCompanyA/getLoginCode").json(&body))
            .await;
        reply.success()["corpList"].as_array().unwrap().clone()
    }

    /// Path and query of where WeCom's page at `link` leads: back to the app, with a code.
    pub async fn leads_to(&self, link: &str) -> String {
        let target = link.strip_prefix(&self.sandbox_url).unwrap();
        let reply = send(self.sandbox(), &Ask::get(target)).await;
        reply
            .header("location")
            .unwrap()
            .strip_prefix(&self.url)
            .unwrap()
            .to_owned()
    }

    /// Gives a company an organisation code.
    pub async fn set_code(&self, corp_id: &str, code: &str) {
        let body = json!({"corpId": corp_id, "code": code});
        let reply = self
            .send(Ask::post("/auth/setCode").bearer(ADMIN_KEY).json(&body))
            .await;
        reply.no_content();
    }

    /// Where the sandbox listens.
    fn sandbox(&self) -> SocketAddr {
        self.sandbox_url
            .trim_start_matches("http://")
            .parse()
            .unwrap()
    }

    /// Ends the app.
    pub async fn end(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// A company of the sandbox.
#[derive(Clone, Debug)]
pub struct Company {
    /// The corpId.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of its app.
    pub agent_id: String,
    /// Its ordinary first person: userid and name.
    pub person: (String, String),
    people: Value,
}

impl Company {
    fn read(corp: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let first = &corp["members"][0];
        Self {
            id: text(&corp["corpId"]),
            name: text(&corp["corpName"]),
            agent_id: corp["apps"][0]["agentId"].to_string().replace('"', ""),
            person: (text(&first["userId"]), text(&first["name"])),
            people: corp["members"].clone(),
        }
    }

    /// The name of the person of this kind: `linked`, `non-member` or `invisible`.
    #[must_use]
    pub fn special(&self, kind: &str) -> String {
        let people = self.people.as_array().unwrap();
        let person = people.iter().find(|person| person["kind"] == kind).unwrap();
        person["name"].as_str().unwrap().to_owned()
    }
}
