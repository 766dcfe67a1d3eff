//! [`TestApp`]: an app on a socket, its handle, its database, and a sandbox in WeCom's place.
//!
//! | file | content |
//! |---|---|
//! | `builder` | what an app is made of: adapter, clock, suites, database, proxy |
//! | `instances` | the suites and instances of an app that has no files |
//! | `http` | requests over the socket and in memory |
//! | `notify` | pushes to the callback URL |
//! | `login` | logins and sessions |
//! | `corps` | corps and members of the sandbox, and their authorizations |
//! | `records` | callback records |
//! | `second_handle` | further nodes on the same database |

mod builder;
mod corps;
mod http;
mod instances;
mod login;
mod notify;
mod records;
mod second_handle;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use serde_json::json;
use tempfile::TempDir;
use wecom_login::{Clock as _, ManualClock, SystemClock, WecomLogin};
use wecom_sandbox::Sandbox;

pub use self::builder::TestAppBuilder;
pub use self::instances::{
    NodeConfig, PROVIDER, PROVIDER_SECRET, SECOND_SUITE, SUITE, push_builder,
};
pub use self::login::{accepts, principal};
pub use self::records::UNFINISHED_RECORDS;
use crate::adapter::{Layout, RunningApp};
use crate::database::TestDatabase;
use crate::hooks::RecordingHooks;
use crate::proxy::TcpProxy;
use crate::push::PushBuilder;

/// The key of the admin routes.
pub const ADMIN_KEY: &str = "an-admin-key-of-the-tests";

/// The variable with which the sandbox pushes again after every answer other than 200, as WeCom does by its older page.
pub const RETRY_NON_200_VARIABLE: &str = "TEST_RETRY_NON_200";

/// A running app. Everything of it stops when it is dropped; [`Self::stop`] shuts it down cleanly.
pub struct TestApp {
    /// Dropped first, so that no request reaches a handle that is gone.
    server: RunningApp,
    /// The handle that the app was built with.
    pub login: WecomLogin,
    /// WeCom.
    pub sandbox: Sandbox,
    /// The hooks of the handle, unless the test configured its own.
    pub hooks: RecordingHooks,
    /// Signs pushes with the keys of [`SUITE`].
    pub push_builder: PushBuilder,
    /// The login routes in memory, whatever the adapter on the socket is.
    router: Router,
    /// Unless the handle has the machine's clock.
    clock: Option<ManualClock>,
    address: SocketAddr,
    layout: Layout,
    /// Whether answers are compared with `/openapi.json`.
    is_documented: bool,
    instances: builder::Instances,
    proxy: Option<TcpProxy>,
    directory: TempDir,
    /// Its database. Dropped last.
    pub database: TestDatabase,
}

impl TestApp {
    /// An app with one suite in code, the machine's clock, and no authorized corp.
    pub fn builder<'a>() -> TestAppBuilder<'a> {
        TestAppBuilder::new()
    }

    /// An app with the directory of [`auths`](crate::auths), a clock that stands still, and two authorized corps.
    pub fn from_auths_directory<'a>() -> TestAppBuilder<'a> {
        TestAppBuilder::from_auths_directory()
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

    /// The directory of the app's files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The proxy before the database; none if it was not asked for, or the database is a file.
    #[must_use]
    pub const fn proxy(&self) -> Option<&TcpProxy> {
        self.proxy.as_ref()
    }

    /// The app's time.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        self.clock
            .as_ref()
            .map_or_else(|| SystemClock::default().now(), |clock| clock.now())
            .as_millis()
    }

    /// Advances the app's clock.
    pub fn advance(&self, by: Duration) {
        self.clock
            .as_ref()
            .expect("the app was built with a manual clock")
            .advance(by);
    }

    /// The number that a statement on the database gives.
    pub async fn number(&self, sql: &str) -> i64 {
        self.database.number(sql).await
    }

    /// Shuts down the app, the handle and the sandbox, in this order.
    pub async fn stop(self) {
        drop(self.server);
        self.login.shutdown().await;
        self.sandbox.shutdown().await;
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp")
            .field("address", &self.address)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// Makes the sandbox wait longer for an answer than WeCom does, and push again soon and often after a broken or
/// timed-out connection, because a machine under load may answer late. It pushes again after a 500 only with
/// [`RETRY_NON_200_VARIABLE`], because WeCom does not by its newer page. Tests that assert on answers send pushes of
/// their own.
pub async fn relax_push_timing(sandbox: &Sandbox) {
    let delays = [200, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
    let retry_non_200 = std::env::var_os(RETRY_NON_200_VARIABLE).is_some();
    let settings = json!({
        "retryNon200": retry_non_200, "retryDelaysMs": delays, "deliveryTimeoutMs": 30_000,
        "authAnswerMs": 30_000,
    });
    sandbox
        .change_settings(settings)
        .await
        .expect("the sandbox has these settings");
    allow_late_answers(sandbox).await;
}

/// Makes the sandbox count an authorization event as delivered that is answered after more than a second, because a
/// machine under load may answer late.
pub async fn allow_late_answers(sandbox: &Sandbox) {
    sandbox
        .change_settings(json!({"authAnswerMs": 30_000}))
        .await
        .expect("the sandbox has this setting");
}
