//! One node with a WeCom of its own: a sandbox, a handle on an SQLite file, and the axum app that serves it.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use wecom_login::callback::{CallbackRecord, NotifyAnswer};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    Builder, CorpId, CorpSummary, DataKey, DataKeys, Platform, Principal, ProviderSecret, Suite, SuiteId,
    SuiteSecret, UserId, WecomLogin,
};
use wecom_login_tower::login_routes;
use wecom_sandbox::Sandbox;

use crate::forge::{Forge, Push};
use crate::told::Told;

/// The suite of every node.
pub const SUITE: &str = "dktests0000000000001";
/// A second suite, where there is one; its callback keys are those of the first.
pub const TWIN: &str = "dktests0000000000002";
/// The provider, where one is configured.
pub const PROVIDER: &str = "wwtestsprovider00001";
/// The bearer of the admin routes.
pub const ADMIN_KEY: &str = "an-admin-key-of-the-tests";

const TOKEN: &str = "TestsCallbackToken01";
const AES_KEY: &str = "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";
/// How long a condition is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a node is made of.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Plan {
    /// providerCorpId and providerSecret are configured.
    pub provider: bool,
    /// There is a second suite with the same callback keys.
    pub twin: bool,
    /// The sandbox pushes nothing.
    pub deaf: bool,
    /// So many companies in the sandbox; 0 is 3.
    pub corps: usize,
}

/// A running node. Everything of it stops when it is dropped.
pub struct Node {
    /// Its handle.
    pub login: WecomLogin,
    /// Its WeCom.
    pub sandbox: Sandbox,
    /// What its host app was told.
    pub told: Told,
    /// Makes pushes with the keys of its suites.
    pub forge: Forge,
    /// Where it listens.
    pub addr: SocketAddr,
    plan: Plan,
    app: Router,
    server: tokio::task::JoinHandle<()>,
    dir: tempfile::TempDir,
}

/// A response, read to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The status, and the code of a problem or nothing.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Node {
    /// A node of this plan.
    pub async fn start(plan: Plan) -> Self {
        Self::start_with(plan, |builder| builder).await
    }

    /// A node of this plan, with changes to its builder.
    pub async fn start_with(plan: Plan, change: impl FnOnce(Builder) -> Builder) -> Self {
        let forge = Forge::new(TOKEN, AES_KEY);
        let corps = if plan.corps == 0 { 3 } else { plan.corps };
        let sandbox =
            Sandbox::builder().suites(suites(plan)).corps(corps).start().await.expect("a sandbox starts");
        let dir = tempfile::tempdir().expect("a directory for the database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("a bound address");
        let told = Told::default();
        let url = format!("http://{addr}");
        let builder = builder(plan, &url, &database_file(dir.path()), &sandbox).hooks(told.clone());
        let login = change(builder).build().await.expect("a handle is built");
        let app = Router::new().nest("/auth", login_routes(&login));
        let service = app.clone().into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, service).await;
        });
        let node = Self { login, sandbox, told, forge, addr, plan, app, server, dir };
        if !plan.deaf {
            node.listen().await;
        }
        node
    }

    /// Lets the sandbox push from now on, and waits for the first suite_tickets.
    pub async fn listen(&self) {
        self.sandbox.set_notify(&format!("http://{}/auth/notify", self.addr)).expect("a callback URL");
        let suites = if self.plan.twin { 2 } else { 1 };
        until("the tickets are here", async || {
            self.statuses("suite_ticket").await == vec!["succeeded"; suites]
        })
        .await;
    }

    /// Another handle on the same database, as another node or a later start has it. Nothing listens for it.
    pub async fn another_handle(&self) -> WecomLogin {
        self.another_handle_with(|builder| builder).await
    }

    /// The same, with changes to its builder.
    pub async fn another_handle_with(&self, change: impl FnOnce(Builder) -> Builder) -> WecomLogin {
        let url = format!("http://{}", self.addr);
        let builder = builder(self.plan, &url, &self.database_file(), &self.sandbox).hooks(self.told.clone());
        change(builder).build().await.expect("a handle is built")
    }

    /// The id of the sandbox's company with this number.
    #[must_use]
    pub fn corp(&self, number: usize) -> String {
        self.sandbox.corp_ids()[number].clone()
    }

    /// The userid of a company's person with this number.
    #[must_use]
    pub fn user(&self, corp: usize, number: usize) -> String {
        self.sandbox.user_ids(&self.corp(corp))[number].clone()
    }

    /// A company authorises the app, and is known.
    pub async fn install(&self, corp: usize) -> String {
        self.install_suite(corp, SUITE).await
    }

    /// A company authorises the app of a suite, and is known.
    pub async fn install_suite(&self, corp: usize, suite_id: &str) -> String {
        let corp_id = self.corp(corp);
        let delivery = self.sandbox.install_suite(&corp_id, suite_id).await.expect("a company and a suite");
        assert!(delivery.succeeded(), "{delivery:?}");
        until("the company is in", async || self.status(suite_id, &corp_id).await == "active").await;
        corp_id
    }

    /// How an authorisation stands; `none` if there is none.
    pub async fn status(&self, suite_id: &str, corp_id: &str) -> String {
        match self.summary(suite_id, corp_id).await {
            Some(corp) => word(&corp.status),
            None => "none".to_owned(),
        }
    }

    /// An authorisation in the list of companies.
    pub async fn summary(&self, suite_id: &str, corp_id: &str) -> Option<CorpSummary> {
        let corps = self.login.service().corps().await.expect("the database answers");
        corps.into_iter().find(|corp| corp.suite_id.as_str() == suite_id && corp.corp_id.as_str() == corp_id)
    }

    /// All callback records, newest first.
    pub async fn records(&self) -> Vec<CallbackRecord> {
        self.login.service().callback_records(None, 500, None).await.expect("the database answers")
    }

    /// The records of an event, newest first, as their status.
    pub async fn statuses(&self, event: &str) -> Vec<String> {
        let records = self.records().await;
        records.iter().filter(|record| record.event == event).map(|record| word(&record.status)).collect()
    }

    /// Sends a push to `/notify`.
    pub async fn push(&self, push: &Push) -> NotifyAnswer {
        self.login.service().notify(None, "POST", &push.query, &push.body).await
    }

    /// Sends a push to `/{Instance}/notify`.
    pub async fn push_to(&self, instance: &str, push: &Push) -> NotifyAnswer {
        self.login.service().notify(Some(instance), "POST", &push.query, &push.body).await
    }

    /// Sends a push and expects `success`.
    pub async fn accepted(&self, push: &Push) {
        let answer = self.push(push).await;
        assert_eq!((answer.status, &*answer.body), (200, &b"success"[..]));
    }

    /// Sends a push, expects `success`, and waits until nothing of this event is left to do.
    pub async fn done(&self, push: &Push, event: &str) {
        self.accepted(push).await;
        until("the event is worked off", async || {
            let statuses = self.statuses(event).await;
            !statuses.is_empty() && statuses.iter().all(|status| status == "succeeded" || status == "ignored")
        })
        .await;
    }

    /// Sends a URL check to `/notify`.
    pub async fn check_url(&self, query: &str) -> NotifyAnswer {
        self.login.service().notify(None, "GET", query, b"").await
    }

    /// Sends a request to the app, without a network.
    pub async fn ask(&self, method: &str, path: &str, bearer: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a raw request to the app, without a network.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.expect("a router answers").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Logs a person in by a code of the sandbox.
    pub async fn log_in(&self, suite_id: &str, corp_id: &str, user_id: &str) -> Answer {
        let code = self.sandbox.code_for_suite(corp_id, user_id, suite_id).expect("a code");
        self.log_in_with(corp_id, &code, Some(suite_id)).await
    }

    /// Logs a person in by this code.
    pub async fn log_in_with(&self, corp_id: &str, code: &str, suite_id: Option<&str>) -> Answer {
        let mut body = json!({"corpId": corp_id, "code": code});
        if let Some(suite_id) = suite_id {
            body["suiteId"] = suite_id.into();
        }
        self.ask("POST", "/auth/loginByWorkbench", None, Some(body)).await
    }

    /// A session without WeCom.
    pub async fn session(&self, suite_id: &str, corp_id: &str, user_id: &str) -> String {
        let who = principal(suite_id, corp_id, user_id);
        let issued = self.login.service().issue_session(&who, Platform::App).await.expect("a session");
        issued.token.expose().to_owned()
    }

    /// Whether a session lives.
    pub async fn lives(&self, token: &str) -> bool {
        let answer = self.ask("GET", "/auth/me", Some(token), None).await;
        match answer.status.as_u16() {
            200 => true,
            401 => false,
            other => panic!("{other}: {:?}", answer.body),
        }
    }

    /// Carries a statement out on the node's database.
    pub async fn execute(&self, sql: &str) {
        self.database().await.execute_unprepared(sql).await.expect("a statement");
    }

    /// Keeps everyone else from writing to the database until the connection is closed or told `ROLLBACK`.
    pub async fn locked(&self) -> DatabaseConnection {
        let database = self.database().await;
        database.execute_unprepared("BEGIN EXCLUSIVE").await.expect("the lock");
        database
    }

    /// A connection of the test's own to the node's database.
    pub async fn database(&self) -> DatabaseConnection {
        let url = format!("sqlite://{}", self.database_file().display());
        let mut options = sea_orm::ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.expect("the database opens")
    }

    /// The number that a statement answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let row = self.database().await.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
        row.expect("a statement").expect("a row").try_get_by_index(0).expect("a number")
    }

    /// The file of the database.
    #[must_use]
    pub fn database_file(&self) -> PathBuf {
        database_file(self.dir.path())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// Waits until a condition holds.
///
/// # Panics
/// It does not within half a minute.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

/// A person of a company.
#[must_use]
pub fn principal(suite_id: &str, corp_id: &str, user_id: &str) -> Principal {
    let ids = (SuiteId::new(suite_id), CorpId::new(corp_id), UserId::new(user_id));
    Principal::new(ids.0.expect("a suiteId"), ids.1.expect("a corpId"), ids.2.expect("a userid"))
}

/// A status in the word that stands for it on the wire.
fn word(status: &impl serde::Serialize) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .expect("a status is a word")
}

fn database_file(dir: &Path) -> PathBuf {
    dir.join("node.db")
}

fn builder(plan: Plan, url: &str, database: &Path, sandbox: &Sandbox) -> Builder {
    let builder = WecomLogin::builder()
        .database_url(format!("sqlite://{}", database.display()))
        .data_keys(DataKeys::given([DataKey::new([7; 32])]))
        .public_url(url)
        .wecom_url(sandbox.url())
        .admin_key(ADMIN_KEY);
    suites(plan).into_iter().zip(["auths.First", "auths.Second"]).fold(builder, |builder, (suite, name)| {
        let name = InstanceName::new(name).expect("a name");
        builder.instance(InstanceConfig::new(name, "Tests", suite))
    })
}

fn suites(plan: Plan) -> Vec<Suite> {
    let ids = if plan.twin { vec![SUITE, TWIN] } else { vec![SUITE] };
    let keys = Forge::new(TOKEN, AES_KEY).keys().clone();
    let suite = |id: &str| {
        let secret = SuiteSecret::new("the-suite-secret-of-the-tests");
        let mut suite = Suite::new(SuiteId::new(id).expect("a suiteId"), secret, keys.clone());
        if plan.provider {
            suite.provider_corp_id = CorpId::new(PROVIDER).ok();
            suite.provider_secret = Some(ProviderSecret::new("the-provider-secret-of-the-tests"));
        }
        suite
    };
    ids.into_iter().map(suite).collect()
}
