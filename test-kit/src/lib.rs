//! A login for the tests of a host app: a handle on a database in memory, a clock to move, and sessions for anybody,
//! without WeCom and without a database server.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt as _;
//! use wecom_login::WecomLogin;
//! use wecom_login_test::TestLogin;
//! use wecom_login_tower::{AuthLayer, User};
//!
//! // The app under test, which is given its login.
//! fn app(login: &WecomLogin) -> Router {
//!     Router::new()
//!         .route("/hello", get(async |user: User| format!("hello {}", user.third_user_id())))
//!         .route_layer(AuthLayer::required(login))
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let test = TestLogin::start().await;
//! let session = test.log_in("zhangwei").await;
//! let request = Request::get("/hello").header("authorization", session.bearer());
//!
//! let response = app(test.handle()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
//! assert_eq!(response.status(), 200);
//! # }
//! ```
//!
//! [`TestLogin::builder`] sets what differs: a binder, hooks, the public URL. With the feature `sandbox`, which is on by
//! default, `TestLoginBuilder::sandbox` starts a WeCom beside it, and people log in through that, codes, callbacks and
//! faults included:
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # #[tokio::main]
//! # async fn main() {
//! use wecom_login_test::{CORP, TestLogin};
//!
//! let test = TestLogin::builder().sandbox().start().await;
//! let session = test.log_in("zhangwei").await;
//! test.sandbox().cancel(CORP).await.unwrap(); // and soon the session has ended
//! # let _ = session;
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```
//!
//! Everything here panics on failure, with the reason, because it is called by tests.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod corp;
mod session;
#[cfg(feature = "sandbox")]
mod wecom;

use std::fmt;
use std::time::Duration;

use wecom_login::{CorpId, ManualClock, Platform, Principal, SuiteId, WecomLogin, WecomUserId};

pub use builder::TestLoginBuilder;
pub use corp::{CORP, SUITE};
pub use session::TestSession;
#[cfg(feature = "sandbox")]
pub use wecom_sandbox;

/// A login for one test. Dropping it ends its handle and its sandbox.
pub struct TestLogin {
    handle: WecomLogin,
    clock: ManualClock,
    #[cfg(feature = "sandbox")]
    wecom: Option<wecom::Wecom>,
}

impl TestLogin {
    /// Starts a login with one instance, `auths.QywxProxyDefault` of [`SUITE`], and without a sandbox.
    ///
    /// # Panics
    /// The handle cannot be built.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Sets what differs from [`start`](Self::start).
    pub fn builder() -> TestLoginBuilder {
        TestLoginBuilder::default()
    }

    /// The handle, for the app under test.
    #[must_use]
    pub const fn handle(&self) -> &WecomLogin {
        &self.handle
    }

    /// The clock of the handle, which stands still until a test moves it.
    #[must_use]
    pub const fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Moves the clock: a session ends after 24 hours without a request.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Logs a member of [`CORP`] in. Without a sandbox the session is issued for any userid; with one the member logs in
    /// with a code, as from the workbench.
    ///
    /// # Panics
    /// This is no userid, the binder does not know the member, or the sandbox has no such member.
    pub async fn log_in(&self, third_user_id: &str) -> TestSession {
        self.log_in_to(CORP, third_user_id).await
    }

    /// Logs a member of any corp in, as [`log_in`](Self::log_in) does.
    ///
    /// # Panics
    /// As [`log_in`](Self::log_in); and this is no corp id, or the sandbox has no such corp.
    pub async fn log_in_to(&self, corp_id: &str, third_user_id: &str) -> TestSession {
        #[cfg(feature = "sandbox")]
        if let Some(wecom) = &self.wecom {
            return wecom.log_in(&self.handle, corp_id, third_user_id).await;
        }
        let principal = principal(corp_id, third_user_id);
        let issued = self
            .handle
            .sessions()
            .issue(&principal, Platform::default())
            .await
            .unwrap_or_else(|error| panic!("{third_user_id} of {corp_id} cannot log in: {error}"));
        TestSession::new(&self.handle, issued.token)
    }

    /// The sandbox that plays WeCom: its companies and members, faults and time.
    ///
    /// # Panics
    /// There is none: `TestLoginBuilder::sandbox` starts it.
    #[cfg(feature = "sandbox")]
    #[must_use]
    pub fn sandbox(&self) -> &wecom_sandbox::Sandbox {
        let wecom = self.wecom.as_ref();
        wecom
            .expect("TestLogin::builder().sandbox() starts a sandbox")
            .sandbox()
    }
}

impl fmt::Debug for TestLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestLogin")
    }
}

fn principal(corp_id: &str, third_user_id: &str) -> Principal {
    let suite_id = SuiteId::new(SUITE).expect("a constant of this crate");
    let corp_id = CorpId::new(corp_id).unwrap_or_else(|error| panic!("{corp_id}: {error}"));
    let third_user_id =
        WecomUserId::new(third_user_id).unwrap_or_else(|error| panic!("{third_user_id}: {error}"));
    Principal::new(suite_id, corp_id, third_user_id)
}
