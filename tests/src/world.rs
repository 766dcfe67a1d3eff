//! An app on a socket with a WeCom in a box beside it.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use wecom_login::wecom::Hosts;
use wecom_login::{
    AuthorizationStatus, Clock as _, DataKey, DataKeys, ManualClock, SystemClock, WecomLogin,
};
use wecom_sandbox::Sandbox;

use crate::adapter::{Adapter, Layout, RunningApp};
use crate::auths::{self, COMPANY_A, SUITE};
use crate::client::{Ask, Reply, send};
use crate::database::TestDatabase;
use crate::push::Push;
use crate::setup::Setup;
use crate::until::until;

/// The key of the admin routes.
pub const ADMIN_KEY: &str = "conformance-admin-key-0001";

/// A running app, its handle and its WeCom. Everything ends when it is dropped; [`Self::end`] ends it cleanly.
pub struct World {
    /// Stops first, so that no request meets a handle that is gone.
    app: RunningApp,
    /// The handle that the app was built with.
    pub login: WecomLogin,
    /// WeCom.
    pub sandbox: Sandbox,
    /// The clock of the handle, unless it is the machine's.
    clock: Option<ManualClock>,
    address: SocketAddr,
    layout: Layout,
    directory: TempDir,
    /// Goes last.
    database: TestDatabase,
}

impl World {
    /// Starts a sandbox, a handle and an app, and waits until the app knows its companies.
    pub async fn start(adapter: &dyn Adapter, layout: Layout, setup: Setup) -> Self {
        let directory = TempDir::new().unwrap();
        // Boxed: the futures of whole suites hold it, and the compiler measures how deep they go.
        let database = Box::pin(TestDatabase::create(directory.path())).await;
        let auths = directory.path().join("auths");
        auths::write(&auths);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sandbox = Sandbox::builder()
            .auths(&auths)
            .corps(8)
            .start()
            .await
            .unwrap();
        let qr_host = setup.qr_host.unwrap_or_else(|| sandbox.url());
        let mut builder = WecomLogin::builder()
            .auths_dir(&auths)
            .database_url(database.url())
            .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
            .public_url(format!("http://{address}"))
            .mount(layout.mount())
            .wecom_hosts(Hosts::parse(&sandbox.url(), &sandbox.url(), &qr_host, false).unwrap())
            .trusted_proxies(["127.0.0.1".parse().unwrap()]);
        if let Some(clock) = &setup.clock {
            builder = builder.clock(clock.clone());
        }
        if setup.admin {
            builder = builder.admin_key(ADMIN_KEY);
        }
        let login = (setup.configure)(builder).build().await.unwrap();
        let app = adapter.serve(&login, layout, listener);
        let world = Self {
            app,
            login,
            sandbox,
            clock: setup.clock,
            address,
            layout,
            directory,
            database,
        };
        if setup.first_ticket {
            world
                .sandbox
                .set_notify(&format!("http://{address}{}/notify", layout.prefix()))
                .unwrap();
        }
        let installed = setup.installed.unwrap_or_else(|| {
            vec![
                (SUITE.to_owned(), COMPANY_A.to_owned()),
                (SUITE.to_owned(), world.open_corp()),
            ]
        });
        for (suite, corp) in &installed {
            world.install(suite, corp).await;
        }
        world
    }

    /// Where the app listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the login routes are mounted.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The files of this world.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The app's time.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        self.clock
            .as_ref()
            .map_or_else(|| SystemClock::default().now(), |clock| clock.now())
            .as_millis()
    }

    /// Moves the app's clock on.
    pub fn advance(&self, by: Duration) {
        self.clock
            .as_ref()
            .expect("a world with the machine's clock cannot be moved")
            .advance(by);
    }

    /// Sends a request to a path below the mount.
    pub async fn ours(&self, ask: Ask) -> Reply {
        let reply = send(self.address, &ask.below(self.layout.prefix())).await;
        let text = String::from_utf8_lossy(&reply.body);
        assert!(
            !auths::SECRETS.iter().any(|secret| text.contains(secret)),
            "an answer holds a secret"
        );
        reply
    }

    /// Sends a request to a path of the host app.
    pub async fn host(&self, ask: Ask) -> Reply {
        send(self.address, &ask).await
    }

    /// Sends a request with the admin key to a path below the mount.
    pub async fn admin(&self, ask: Ask) -> Reply {
        self.ours(ask.bearer(ADMIN_KEY)).await
    }

    /// POSTs a callback.
    pub async fn push(&self, push: &Push) -> Reply {
        self.ours(push.post()).await
    }

    /// The first company of the sandbox that no instance pins.
    #[must_use]
    pub fn open_corp(&self) -> String {
        self.open_corps().remove(0)
    }

    /// The companies of the sandbox that no instance pins.
    #[must_use]
    pub fn open_corps(&self) -> Vec<String> {
        let pinned = [
            COMPANY_A,
            auths::CLOSED,
            auths::CODES_OFF,
            auths::CODES_STATE,
        ];
        self.sandbox
            .corp_ids()
            .into_iter()
            .filter(|corp| !pinned.contains(&corp.as_str()))
            .collect()
    }

    /// The ordinary first person of a company.
    #[must_use]
    pub fn person(&self, corp_id: &str) -> String {
        self.sandbox.user_ids(corp_id).remove(0)
    }

    /// The person of this kind of a company: `linked`, `non-member` or `invisible`.
    #[must_use]
    pub fn special(&self, corp_id: &str, kind: &str) -> String {
        let state = self.sandbox.state();
        let corps = state["corps"].as_array().unwrap();
        let corp = corps.iter().find(|corp| corp["corpId"] == corp_id).unwrap();
        let people = corp["members"].as_array().unwrap();
        let person = people.iter().find(|person| person["kind"] == kind).unwrap();
        // A linked person's userid is `CorpId/userid`; the control API names them by its last part.
        person["userId"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Installs an app and waits until ours knows its agentId.
    pub async fn install(&self, suite_id: &str, corp_id: &str) {
        let mut delivery = self.sandbox.install_suite(corp_id, suite_id).await.unwrap();
        // A machine under load may not store a push in time; WeCom's administrators press again, too.
        for _ in 0..3 {
            if !delivery.succeeded() {
                delivery = self.sandbox.install_suite(corp_id, suite_id).await.unwrap();
            }
        }
        assert!(delivery.succeeded(), "{delivery:?}");
        until("the app knows the company", async || {
            let corps = self.login.service().corps().await.unwrap();
            corps.iter().any(|corp| {
                corp.suite_id.as_str() == suite_id
                    && corp.corp_id.as_str() == corp_id
                    && corp.agent_id.is_some()
                    && corp.status == AuthorizationStatus::Active
            })
        })
        .await;
    }

    /// A code from WeCom for a person of the first suite.
    #[must_use]
    pub fn code(&self, corp_id: &str, user_id: &str) -> String {
        self.sandbox
            .code_for_suite(corp_id, user_id, SUITE)
            .unwrap()
    }

    /// `loginByWorkbench` with a new code of a person.
    pub async fn try_log_in(&self, corp_id: &str, user_id: &str) -> Reply {
        let body = json!({"corpId": corp_id, "code": self.code(corp_id, user_id)});
        self.ours(Ask::post("/loginByWorkbench").json(&body)).await
    }

    /// Logs a person in and gives the login result.
    pub async fn log_in(&self, corp_id: &str, user_id: &str) -> Value {
        self.try_log_in(corp_id, user_id).await.success()
    }

    /// Logs a person in and gives the token.
    pub async fn token(&self, corp_id: &str, user_id: &str) -> String {
        self.log_in(corp_id, user_id).await["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The status of `/api/hello` with this token.
    pub async fn hello(&self, token: &str) -> u16 {
        self.host(Ask::get("/api/hello").bearer(token)).await.status
    }

    /// Waits until the newest use of a session is written down. It is written a moment after the answer; a clock that is
    /// moved on by hours before that makes the session look idle to whoever reads it then.
    pub async fn use_is_written(&self) {
        until("the use of a session is written", async || {
            self.database
                .number("SELECT MAX(last_seen_at) FROM wecom_session")
                .await
                == self.now_millis()
        })
        .await;
    }

    /// The number that a statement on the database gives.
    pub async fn number(&self, statement: &str) -> i64 {
        self.database.number(statement).await
    }

    /// The callback records, newest first; `query` as it stands after the `?`.
    pub async fn records(&self, query: &str) -> Vec<Value> {
        let reply = self
            .admin(Ask::get(format!("/callbackRecords?{query}")))
            .await
            .success();
        reply["records"].as_array().unwrap().clone()
    }

    /// Waits until no record is waiting or running, and gives all of them.
    pub async fn settled_records(&self) -> Vec<Value> {
        until("the records are settled", async || {
            let records = self.records("limit=500").await;
            records
                .iter()
                .all(|record| record["status"] != "waiting" && record["status"] != "running")
        })
        .await;
        self.records("limit=500").await
    }

    /// Ends the app, the handle and the sandbox, in this order.
    pub async fn end(self) {
        drop(self.app);
        self.login.shutdown().await;
        self.sandbox.shutdown().await;
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("address", &self.address)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}
