//! [`DemoProcess`]: an example app with its own sandbox.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::app::{AppProcess, address_of, send_expecting};
use super::builder::{Example, ProcessBuilder};
use crate::{TestRequest, TestResponse, send};

/// The key of the admin routes.
const ADMIN_KEY: &str = "demo-tests-admin-key-0001";

/// A running example app with its sandbox. Both are killed when this is dropped.
#[derive(Debug)]
pub struct DemoProcess {
    /// The app's public URL without a slash at the end.
    pub url: String,
    /// Where requests to the app are sent.
    pub address: SocketAddr,
    /// The sandbox's URL without a slash at the end.
    pub sandbox_url: String,
    process: AppProcess,
    _directory: Option<TempDir>,
}

impl DemoProcess {
    /// Starts it in a directory of its own and waits until its first two corps have authorized it.
    pub async fn start(example: Example, public_url: Option<&str>) -> Self {
        let directory = TempDir::new().unwrap();
        let mut demo = Self::start_in(example, directory.path(), "127.0.0.1:0", public_url).await;
        demo._directory = Some(directory);
        demo
    }

    /// Starts it with `--metrics`.
    pub async fn start_with_metrics(example: Example) -> Self {
        let directory = TempDir::new().unwrap();
        let builder = example
            .process(directory.path())
            .quiet()
            .listen("127.0.0.1:0")
            .admin_key(ADMIN_KEY)
            .args(&["--metrics", "127.0.0.1:0"]);
        let mut demo = Self::start_process(builder, None).await;
        demo._directory = Some(directory);
        demo
    }

    /// Starts an app that asks people at their first login which of its users they are.
    pub async fn start_asking(example: Example) -> Self {
        let directory = TempDir::new().unwrap();
        let builder = example
            .process(directory.path())
            .quiet()
            .listen("127.0.0.1:0")
            .admin_key(ADMIN_KEY)
            .args(&["--existing-accounts"]);
        let mut demo = Self::start_process(builder, None).await;
        demo._directory = Some(directory);
        demo
    }

    /// What Prometheus gets of an app with `--metrics`.
    pub async fn scrape(&self) -> String {
        let mut printed = self.process.printed.iter();
        let url = printed.find_map(|line| line.strip_prefix("metrics are at "));
        let url = url.unwrap().strip_suffix("/metrics").unwrap();
        let response = send(address_of(url), &TestRequest::get("/metrics")).await;
        assert_eq!(response.status, 200);
        let content_type = response.header("content-type").unwrap();
        assert!(
            content_type.starts_with("text/plain; version=0.0.4"),
            "{content_type}"
        );
        response.text().to_owned()
    }

    /// Starts it in this directory and waits until its first two corps have authorized it.
    pub async fn start_in(
        example: Example,
        directory: &Path,
        listen: &str,
        public_url: Option<&str>,
    ) -> Self {
        let mut builder = example
            .process(directory)
            .quiet()
            .listen(listen)
            .admin_key(ADMIN_KEY);
        if let Some(url) = public_url {
            builder = builder.public_url(url);
        }
        Self::start_process(builder, public_url).await
    }

    async fn start_process(builder: ProcessBuilder, public_url: Option<&str>) -> Self {
        let process = AppProcess::start(builder, "the sandbox:").await;
        let printed = &process.printed;
        assert!(
            printed.iter().any(|line| line.starts_with("ready")),
            "{printed:?}"
        );
        let url = |label: &str| {
            let line = printed.iter().find_map(|line| line.split_once(label));
            line.unwrap().1.trim().trim_end_matches('/').to_owned()
        };
        let (app_url, sandbox_url) = (url("the app:"), url("the sandbox:"));
        Self {
            address: match public_url {
                Some(_) => process.address,
                None => address_of(&app_url),
            },
            url: app_url,
            sandbox_url: sandbox_url.strip_suffix("/sandbox").unwrap().to_owned(),
            process,
            _directory: None,
        }
    }

    /// Sends a request to the app.
    pub async fn send(&self, request: TestRequest) -> TestResponse {
        send(self.address, &request).await
    }

    /// Sends a request to the sandbox.
    pub async fn send_to_sandbox(&self, request: TestRequest) -> TestResponse {
        send(self.sandbox_address(), &request).await
    }

    /// The state of the sandbox.
    pub async fn state(&self) -> Value {
        send(self.sandbox_address(), &TestRequest::get("/sandbox/state"))
            .await
            .json()
    }

    /// POSTs to the sandbox's control API.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let response = send(
            self.sandbox_address(),
            &TestRequest::post(format!("/sandbox{path}")).json(body),
        )
        .await;
        assert!(
            response.status < 300,
            "{path}: {} {}",
            response.status,
            response.text()
        );
        if response.body.is_empty() {
            Value::Null
        } else {
            response.json()
        }
    }

    /// The sandbox's corps that have authorized the app, in its order.
    pub async fn authorized_corps(&self) -> Vec<DemoCorp> {
        let state = self.state().await;
        let corps = state["corps"].as_array().unwrap();
        let authorized = corps
            .iter()
            .filter(|corp| corp["apps"].as_array().is_some_and(|apps| !apps.is_empty()));
        authorized.map(DemoCorp::read).collect()
    }

    /// The `corpList` of a member's JSON login.
    pub async fn corp_list(&self, corp: &DemoCorp, user_id: &str) -> Vec<Value> {
        let code = self
            .control(
                &format!("/corps/{}/members/{user_id}/code", corp.id),
                &json!({}),
            )
            .await;
        let body = json!({"corpId": corp.id, "code": code["code"]});
        let response = self
            .send(TestRequest::post("/auth/QywxProxyCompanyA/getLoginCode").json(&body))
            .await;
        response.success()["corpList"].as_array().unwrap().clone()
    }

    /// The path and query to which WeCom's page at `link` redirects: back to the app, with a code.
    pub async fn redirect_target(&self, link: &str) -> String {
        let target = link.strip_prefix(&self.sandbox_url).unwrap();
        let response = send(self.sandbox_address(), &TestRequest::get(target)).await;
        response
            .header("location")
            .unwrap()
            .strip_prefix(&self.url)
            .unwrap()
            .to_owned()
    }

    /// The corps that the admin route lists.
    pub async fn listed_corps(&self) -> Vec<Value> {
        let request = TestRequest::get("/auth/corps").bearer(ADMIN_KEY);
        let corps = send_expecting(self.address, 200, &request).await;
        corps["corps"].as_array().unwrap().clone()
    }

    /// Sets the organization code of a corp.
    pub async fn set_organization_code(&self, corp_id: &str, code: &str) {
        let body = json!({"corpId": corp_id, "code": code});
        let response = self
            .send(
                TestRequest::post("/auth/setCode")
                    .bearer(ADMIN_KEY)
                    .json(&body),
            )
            .await;
        response.assert_no_content();
    }

    /// Where the sandbox listens.
    #[must_use]
    pub fn sandbox_address(&self) -> SocketAddr {
        address_of(&self.sandbox_url)
    }

    /// Allows the process this many open files, connections among them.
    pub fn limit_open_files(&self, files: u32) {
        self.process.limit_open_files(files);
    }

    /// Kills the app and its sandbox.
    pub fn stop(mut self) {
        self.process.kill();
    }
}

/// A corp of the sandbox.
#[derive(Clone, Debug)]
pub struct DemoCorp {
    /// The corpId.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The agentId of its app.
    pub agent_id: String,
    /// Its first member: userid and name.
    pub member: (String, String),
    members: Value,
}

impl DemoCorp {
    fn read(corp: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let first = &corp["members"][0];
        Self {
            id: text(&corp["corpId"]),
            name: text(&corp["corpName"]),
            agent_id: corp["apps"][0]["agentId"].to_string().replace('"', ""),
            member: (text(&first["userId"]), text(&first["name"])),
            members: corp["members"].clone(),
        }
    }

    /// The name of the member of this kind: `linked`, `non-member` or `invisible`.
    #[must_use]
    pub fn special(&self, kind: &str) -> String {
        let members = self.members.as_array().unwrap();
        let member = members
            .iter()
            .find(|member| member["kind"] == kind)
            .unwrap();
        member["name"].as_str().unwrap().to_owned()
    }
}
