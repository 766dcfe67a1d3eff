//! The sandbox beside a test's login, and the address that it pushes to.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{self, Method};
use axum::response::IntoResponse;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wecom_login::{
    AuthorizationStatus, CorpId, NotifyRequest, OAuthCode, SuiteId, WecomLogin,
    WorkbenchLoginRequest,
};
use wecom_sandbox::Sandbox;

use crate::corp::suite;
use crate::session::TestSession;
use crate::{CORP, SUITE};

/// How long the first corp may take to authorize the app.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A sandbox that pushes to a login which is not built yet.
pub(crate) struct Starting {
    listener: TcpListener,
    sandbox: Sandbox,
}

impl Starting {
    pub(crate) async fn begin(public_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("no port is left: {error}"));
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let sandbox = Sandbox::builder()
            .suites([suite()])
            .pin(
                SuiteId::new(SUITE).expect("a constant of this crate"),
                CorpId::new(CORP).expect("a constant of this crate"),
            )
            .notify(format!("http://{address}/notify"))
            .public_url(public_url)
            .start()
            .await
            .unwrap_or_else(|error| panic!("the sandbox does not start: {error}"));
        Self { listener, sandbox }
    }

    pub(crate) fn url(&self) -> String {
        self.sandbox.url()
    }

    /// Takes the sandbox's pushes, and has the first corp authorize the app.
    pub(crate) async fn finish(self, login: &WecomLogin) -> Wecom {
        let app = Router::new()
            .route("/notify", any(notify))
            .with_state(login.clone());
        let listener = self.listener;
        let pushes = tokio::spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, app).await;
        });
        let wecom = Wecom {
            sandbox: self.sandbox,
            pushes,
        };
        wecom.install(login).await;
        wecom
    }
}

/// A sandbox that pushes to a login.
pub(crate) struct Wecom {
    sandbox: Sandbox,
    pushes: JoinHandle<()>,
}

impl Wecom {
    pub(crate) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    async fn install(&self, login: &WecomLogin) {
        let pushed = self.sandbox.push_ticket(SUITE).await;
        pushed.unwrap_or_else(|problem| panic!("no suite_ticket: {problem:?}"));
        let pushed = self.sandbox.install(CORP).await;
        pushed.unwrap_or_else(|problem| panic!("{CORP} cannot authorize the app: {problem:?}"));
        let authorized = async {
            while !is_authorized(login).await {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        let authorized = tokio::time::timeout(INSTALL_TIMEOUT, authorized).await;
        assert!(authorized.is_ok(), "{CORP} did not become active");
    }

    pub(crate) async fn log_in(
        &self,
        login: &WecomLogin,
        corp_id: &str,
        third_user_id: &str,
    ) -> TestSession {
        let code = self.sandbox.code(corp_id, third_user_id);
        let code = code.unwrap_or_else(|problem| panic!("{third_user_id}: {problem:?}"));
        let corp_id = CorpId::new(corp_id).unwrap_or_else(|error| panic!("{corp_id}: {error}"));
        let code = OAuthCode::new(code);
        let request = WorkbenchLoginRequest::new(corp_id, code);
        let result = login.service().login_by_workbench(request).await;
        let result =
            result.unwrap_or_else(|error| panic!("{third_user_id} cannot log in: {error}"));
        TestSession::new(login, result.token)
    }
}

impl Drop for Wecom {
    fn drop(&mut self) {
        self.pushes.abort();
    }
}

/// Whether the first corp is active and its app known.
async fn is_authorized(login: &WecomLogin) -> bool {
    let corps = login.admin().corps().await.unwrap_or_default();
    corps.iter().any(|corp| {
        corp.suite_id.as_str() == SUITE
            && corp.status == AuthorizationStatus::Active
            && corp.agent_id.is_some()
    })
}

async fn notify(
    State(login): State<WecomLogin>,
    method: Method,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let request = if method == Method::POST {
        NotifyRequest::post(&query, body)
    } else {
        NotifyRequest::get(&query)
    };
    http::Response::from(login.service().notify(request).await)
}
