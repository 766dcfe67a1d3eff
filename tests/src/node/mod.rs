//! One node with a WeCom of its own: a sandbox, a handle on a database, and the axum app that serves it.

mod ask;
mod plan;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use sea_orm::DbBackend;
use serde_json::json;
use tokio::net::TcpListener;
use wecom_login::CallbackRecord;
use wecom_login::{
    Builder, CorpId, CorpSummary, Platform, Principal, SuiteId, WecomLogin, WecomUserId,
};
use wecom_login_tower::login_routes;
use wecom_sandbox::Sandbox;

pub use self::ask::Answer;
pub use self::plan::{ADMIN_KEY, PROVIDER, Plan, SUITE, TWIN, builder, forge, suites};
pub use self::wire::Wire;
use crate::database::TestDatabase;
use crate::forge::Forge;
use crate::proxy::Proxy;
use crate::told::Told;

/// How long a condition is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

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
    _directory: tempfile::TempDir,
    /// Its database. Goes last.
    pub database: TestDatabase,
}

impl Node {
    /// A node of this plan.
    pub async fn start(plan: Plan) -> Self {
        Self::start_with(plan, |builder| builder).await
    }

    /// A node of this plan, with changes to its builder.
    pub async fn start_with(plan: Plan, change: impl FnOnce(Builder) -> Builder) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the database");
        let database = TestDatabase::create(directory.path()).await;
        Self::start_on(plan, directory, database, change).await
    }

    /// A node of this plan with a proxy before its database; none before a file.
    pub async fn start_proxied(plan: Plan) -> (Self, Option<Proxy>) {
        let directory = tempfile::tempdir().expect("a directory for the database");
        let database = TestDatabase::create(directory.path()).await;
        if database.backend() == DbBackend::Sqlite {
            return (
                Self::start_on(plan, directory, database, |builder| builder).await,
                None,
            );
        }
        let (proxy, url) = Proxy::before(database.url()).await;
        (
            Self::start_on(plan, directory, database, |builder| {
                builder.database_url(url)
            })
            .await,
            Some(proxy),
        )
    }

    /// A node of this plan on this database, which lies in this directory.
    pub async fn start_on(
        plan: Plan,
        directory: tempfile::TempDir,
        database: TestDatabase,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let forge = forge();
        let corps = if plan.corps == 0 { 3 } else { plan.corps };
        let sandbox = Sandbox::builder()
            .suites(suites(plan))
            .corps(corps)
            .start()
            .await
            .expect("a sandbox starts");
        be_patient(&sandbox).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("a bound address");
        let told = Told::default();
        let url = format!("http://{addr}");
        let builder = builder(plan, &url, database.url(), &sandbox).hooks(told.clone());
        let login = change(builder).build().await.expect("a handle is built");
        let app = Router::new().nest("/auth", login_routes(&login));
        let service = app
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, service).await;
        });
        let node = Self {
            login,
            sandbox,
            told,
            forge,
            addr,
            plan,
            app,
            server,
            _directory: directory,
            database,
        };
        if !plan.deaf {
            node.listen().await;
        }
        node
    }

    /// Lets the sandbox push from now on, and waits for the first suite_tickets.
    pub async fn listen(&self) {
        self.sandbox
            .set_notify(&format!("http://{}/auth/notify", self.addr))
            .expect("a callback URL");
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
        self.handle_of(self.plan, change).await
    }

    /// The same, of a node that has only one of the suites in its `auths/`.
    pub async fn another_handle_of(
        &self,
        suite_id: &'static str,
        change: impl FnOnce(Builder) -> Builder,
    ) -> WecomLogin {
        self.handle_of(
            Plan {
                only: Some(suite_id),
                ..self.plan
            },
            change,
        )
        .await
    }

    async fn handle_of(&self, plan: Plan, change: impl FnOnce(Builder) -> Builder) -> WecomLogin {
        let url = format!("http://{}", self.addr);
        let builder =
            builder(plan, &url, self.database.url(), &self.sandbox).hooks(self.told.clone());
        change(builder).build().await.expect("a handle is built")
    }

    /// Waits until a handle on this database follows the feed of ends. Until its first look at the feed a handle may
    /// read what it has in memory once more.
    pub async fn follows(&self, login: &WecomLogin) {
        let nobody = principal(SUITE, "wwtestsofnobody", "nobody");
        let other = self.another_handle().await;
        let issued = other
            .service()
            .issue_session(&nobody, Platform::App)
            .await
            .expect("a session");
        let lives = async || {
            let verified = login
                .verify_token(issued.token.expose().as_bytes())
                .resolve()
                .await;
            verified.is_ok_and(|verified| verified.is_some())
        };
        until("the session of another handle is known", lives).await;
        other
            .service()
            .logout(&issued.user)
            .await
            .expect("a logout");
        until("the handle hears of an end", async || !lives().await).await;
        other.shutdown().await;
    }

    /// Why another handle, with changes to its builder, cannot be built.
    pub async fn fails_with(&self, change: impl FnOnce(Builder) -> Builder) -> wecom_login::Error {
        let url = format!("http://{}", self.addr);
        let builder = builder(self.plan, &url, self.database.url(), &self.sandbox);
        change(builder)
            .build()
            .await
            .expect_err("a handle is built")
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
        let delivery = self
            .sandbox
            .install_suite(&corp_id, suite_id)
            .await
            .expect("a company and a suite");
        assert!(delivery.succeeded(), "{delivery:?}");
        until("the company is in", async || {
            self.status(suite_id, &corp_id).await == "active"
        })
        .await;
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
        let corps = self
            .login
            .service()
            .corps()
            .await
            .expect("the database answers");
        corps
            .into_iter()
            .find(|corp| corp.suite_id.as_str() == suite_id && corp.corp_id.as_str() == corp_id)
    }

    /// All callback records, newest first.
    pub async fn records(&self) -> Vec<CallbackRecord> {
        self.login
            .service()
            .callback_records(None, 500, None)
            .await
            .expect("the database answers")
    }

    /// The number that a statement to the database answers.
    pub async fn number(&self, sql: &str) -> i64 {
        self.database.number(sql).await
    }

    /// The records of an event, newest first, as their status.
    pub async fn statuses(&self, event: &str) -> Vec<String> {
        let records = self.records().await;
        records
            .iter()
            .filter(|record| record.event == event)
            .map(|record| word(&record.status))
            .collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

/// Pushes come again soon and often: a machine under load may be late with an answer. What a test asserts about answers
/// it asserts of pushes of its own.
pub async fn be_patient(sandbox: &Sandbox) {
    let delays = [200, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
    let settings =
        json!({"retryNon200": true, "retryDelaysMs": delays, "deliveryTimeoutMs": 30_000});
    sandbox
        .change_settings(settings)
        .await
        .expect("settings that there are");
}

/// Waits until a condition holds.
///
/// # Panics
/// It does not within a minute.
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
    let ids = (
        SuiteId::new(suite_id),
        CorpId::new(corp_id),
        WecomUserId::new(user_id),
    );
    Principal::new(
        ids.0.expect("a suiteId"),
        ids.1.expect("a corpId"),
        ids.2.expect("a userid"),
    )
}

/// A status in the word that stands for it on the wire.
fn word(status: &impl serde::Serialize) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .expect("a status is a word")
}
