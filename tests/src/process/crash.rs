//! [`CrashHarness`]: an app that aborts at a failpoint, and is started again.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use wecom_sandbox::{Delivery, Problem, Sandbox};

use super::app::AppProcess;
use super::builder::Example;
use super::directory::{ADMIN_KEY, AppDirectory};
use crate::app::UNFINISHED_RECORDS;
use crate::database::TestDatabase;
use crate::{TestRequest, until, until_mut};

const LISTEN: &str = "127.0.0.1:0";

/// An app with one authorized corp that aborts at a failpoint, with its sandbox and its database.
#[derive(Debug)]
pub struct CrashHarness {
    example: Example,
    directory: AppDirectory,
    /// The app's database.
    pub database: TestDatabase,
    /// WeCom.
    pub sandbox: Arc<Sandbox>,
    /// The running app.
    pub app: AppProcess,
    /// The corpIds of the sandbox; the first has authorized the app.
    pub corps: Vec<String>,
}

impl CrashHarness {
    /// Starts an app, lets the first corp authorize it, and restarts it so that it aborts at this failpoint.
    pub async fn at(example: Example, failpoint: &str) -> Self {
        let mut harness = Self::start(example, 2).await;
        let corp = harness.corps[0].clone();
        assert!(harness.sandbox.install(&corp).await.unwrap().succeeded());
        harness.wait_until_active(0).await;
        harness.wait_until_done().await;
        harness.restart(Some(failpoint)).await;
        harness
    }

    /// Starts an app that aborts nowhere, beside this many corps that have not authorized it.
    pub async fn start(example: Example, corps: usize) -> Self {
        let directory = AppDirectory::new();
        let database = TestDatabase::create(directory.path()).await;
        let sandbox = Arc::new(directory.sandbox(corps).await);
        let app = directory
            .process(example, LISTEN, &sandbox.url())
            .database(&database)
            .admin_key(ADMIN_KEY)
            .start()
            .await;
        sandbox
            .set_notify(&format!("http://{}/auth/notify", app.address))
            .unwrap();
        let corps = sandbox.corp_ids();
        Self {
            example,
            directory,
            database,
            sandbox,
            app,
            corps,
        }
    }

    /// Kills the app, if it still runs, and starts it again at its address.
    pub async fn restart(&mut self, failpoint: Option<&str>) {
        let listen = self.app.address.to_string();
        self.app.kill();
        let mut process = self
            .directory
            .process(self.example, &listen, &self.sandbox.url())
            .database(&self.database)
            .admin_key(ADMIN_KEY);
        if let Some(failpoint) = failpoint {
            process = process.abort_at(failpoint);
        }
        self.app = process.start().await;
    }

    /// Waits until the app has aborted.
    pub async fn wait_until_aborted(&mut self, failpoint: &str) {
        let condition = format!("the app aborts at {failpoint}");
        until_mut(&condition, async || self.app.has_ended()).await;
    }

    async fn get(&self, path: &str) -> Value {
        self.app
            .send_expecting(200, TestRequest::get(path).bearer(ADMIN_KEY))
            .await
    }

    /// Whether the authorization of the corp with this number is active.
    pub async fn is_active(&self, corp: usize) -> bool {
        let corps = self.get("/auth/corps").await;
        let mut corps = corps["corps"].as_array().unwrap().iter();
        corps.any(|known| known["corpId"] == self.corps[corp] && known["status"] == "active")
    }

    /// Waits until the authorization of the corp with this number is active.
    pub async fn wait_until_active(&self, corp: usize) {
        until("the authorization is active", async || {
            self.is_active(corp).await
        })
        .await;
    }

    /// The newest record of this event; null if there is none.
    pub async fn record(&self, event: &str) -> Value {
        let records = self.get("/auth/callbackRecords").await;
        let mut records = records["records"].as_array().unwrap().iter();
        records
            .find(|record| record["event"] == event)
            .cloned()
            .unwrap_or_default()
    }

    /// The epoch of the authorization of the corp with this number.
    pub async fn epoch(&self, corp: usize) -> i64 {
        let corp_id = self.database.literal(&self.corps[corp]);
        self.database
            .number(&format!(
                "SELECT epoch FROM wecom_authorization WHERE corp_id = {corp_id}"
            ))
            .await
    }

    /// Sets the end of the leases on running records.
    pub async fn set_lease_end(&self, when: &str) {
        let update = format!(
            "UPDATE wecom_callback_record SET lease_until = {when} WHERE status = 'running'"
        );
        self.database.execute(&update).await;
    }

    /// Waits until no record is waiting or running.
    pub async fn wait_until_done(&self) {
        until("no record is waiting or running", async || {
            self.database.number(UNFINISHED_RECORDS).await == 0
        })
        .await;
    }

    /// Logs a member of the first corp in.
    pub async fn log_in(&self, user: &str) -> Value {
        let body = json!({"corpId": self.corps[0], "code": self.sandbox.code(&self.corps[0], user).unwrap()});
        let request = TestRequest::post("/auth/loginByWorkbench").json(&body);
        self.app.send_expecting(200, request).await
    }

    /// Asserts the status of a protected route for the session of this login.
    pub async fn assert_hello_status(&self, login: &Value, status: u16) {
        let token = login["token"].as_str().unwrap();
        let request = TestRequest::get("/api/hello").bearer(token);
        self.app.send_expecting(status, request).await;
    }

    /// Aborts this many times while the sandbox delivers, and is restarted each time. The sandbox repeats what was not
    /// answered.
    pub async fn abort_during<P>(&mut self, failpoint: &str, times: usize, delivery: P)
    where
        P: Future<Output = Result<Delivery, Problem>> + Send + 'static,
    {
        let delivery = tokio::spawn(delivery);
        for abort in 1..=times {
            self.wait_until_aborted(failpoint).await;
            // The lease must not run out during the start, nor seem to be from the future, and must be over once the app is up.
            self.set_lease_end("lease_until + 45000").await;
            self.restart((abort < times).then_some(failpoint)).await;
            self.set_lease_end("0").await;
        }
        let delivery = delivery.await.unwrap().unwrap();
        assert!(delivery.succeeded(), "{failpoint}: {delivery:?}");
    }

    /// Aborts while a second corp authorizes the app, and is restarted. The sandbox repeats what was not answered.
    pub async fn install_and_abort(&mut self, failpoint: &str) {
        let (sandbox, corp) = (Arc::clone(&self.sandbox), self.corps[1].clone());
        let installing = tokio::spawn(async move { sandbox.install(&corp).await.unwrap() });
        self.wait_until_aborted(failpoint).await;
        self.restart(None).await;
        let delivery = installing.await.unwrap();
        assert!(delivery.succeeded(), "{failpoint}: {delivery:?}");
    }
}

/// Runs a test for each failpoint, three at a time: each has an app process of its own.
pub async fn for_some_at_once<F: Future<Output = ()>>(
    failpoints: &[&'static str],
    test: impl Fn(&'static str) -> F,
) {
    let failpoints = futures_util::stream::iter(failpoints.iter().copied());
    failpoints
        .for_each_concurrent(3, |failpoint| Box::pin(test(failpoint)))
        .await;
}
