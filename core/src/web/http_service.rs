//! The service that answers our routes and verifies the host app's requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, Response};

use crate::clock::Sleep;
use crate::corp_api::CorpApiDeps;
use crate::db::Store;
use crate::domain::LinkTicket;
use crate::element::Instances;
use crate::error::{Error, Result};
use crate::hooks::Refusals;
use crate::login::{AccountLinking, BrowserLoginService};
use crate::services::{AdminService, AuthService, Instance, SessionService};
use crate::session::{SessionToken, Sessions, Verification};
use crate::task_runner::TaskRunner;
use crate::vault::KeyRing;
use crate::web::browser;
use crate::web::config::HttpConfig;
use crate::web::health::Readiness;
use crate::web::mounting::Mounting;
use crate::web::openapi::OpenApi;
use crate::web::rejection::Rejection;
use crate::web::request::Headers;
use crate::web::response::ResponseBody;
use crate::wecom::Hosts;

/// Answers our routes and verifies requests.
#[derive(Clone)]
pub(crate) struct HttpService {
    pub(super) deps: Arc<HttpDeps>,
}

/// The dependencies of [`HttpService`].
pub(crate) struct HttpDeps {
    pub(crate) config: HttpConfig,
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) hosts: Hosts,
    pub(crate) instances: Arc<Instances>,
    pub(crate) sessions: Sessions,
    pub(crate) session_service: SessionService,
    pub(crate) auth: AuthService,
    pub(crate) admin: AdminService,
    pub(crate) corp_api: Arc<CorpApiDeps>,
    pub(crate) browser_login: BrowserLoginService,
    pub(crate) linking: AccountLinking,
    pub(crate) refusals: Refusals,
    pub(crate) readiness: Readiness,
    pub(crate) openapi: OpenApi,
    pub(crate) tasks: TaskRunner,
}

impl HttpService {
    pub(crate) fn new(deps: HttpDeps) -> Self {
        Self {
            deps: Arc::new(deps),
        }
    }

    pub(crate) fn verify_token(&self, token: &[u8]) -> Verification {
        self.deps.sessions.verify(token)
    }

    pub(crate) fn verify<H: Headers + ?Sized>(&self, method: &str, headers: &H) -> Verification {
        let deps = &*self.deps;
        deps.config.verify(&deps.sessions, method, headers)
    }

    pub(crate) fn reject<H: Headers + ?Sized>(&self, error: Error, headers: &H) -> Rejection {
        self.deps.config.rejection(error, headers)
    }

    pub(crate) fn clear_cookie(&self) -> String {
        self.deps.config.cookie.clear()
    }

    pub(crate) fn session_cookie(&self, token: &SessionToken) -> String {
        let max_age = self.deps.sessions.config().absolute_timeout;
        self.deps.config.cookie.set(token.expose(), max_age)
    }

    pub(crate) fn finish_login(
        &self,
        headers: HeaderMap,
        ticket: LinkTicket,
        user_id: String,
    ) -> BoxFuture<'static, Result<Response<ResponseBody>>> {
        let deps = Arc::clone(&self.deps);
        self.deps
            .tasks
            .run(async move { browser::finish_login(&deps, &headers, &ticket, &user_id).await })
    }

    pub(crate) fn login_failed(
        &self,
        error: &Error,
        headers: &HeaderMap,
    ) -> Response<ResponseBody> {
        browser::login_failed(&self.deps, headers, error)
    }

    pub(crate) fn logout_cookies(&self) -> [String; 2] {
        [self.clear_cookie(), browser::logged_out(&self.deps)]
    }

    pub(crate) fn redirect<H: Headers + ?Sized>(
        &self,
        rejection: &Rejection,
        method: &str,
        headers: &H,
        path_and_query: &str,
    ) -> Option<String> {
        self.deps
            .config
            .redirect(rejection, method, headers, path_and_query)
    }

    pub(crate) fn mounting(&self) -> &Mounting {
        &self.deps.config.mounting
    }

    pub(crate) fn check_mount(&self, sent_path: &str, path: &str) {
        self.deps.config.check_mount(sent_path, path);
    }

    /// Whether a path of the host app is one of our routes.
    pub(super) fn is_own_route(&self, path_and_query: &str) -> bool {
        let deps = &self.deps;
        deps.config.is_own_route(&deps.instances, path_and_query)
    }

    pub(crate) fn mount(&self) -> &str {
        self.deps.config.mount.as_str()
    }
}

impl HttpDeps {
    /// A wait by the handle's clock, whichever runtime polls it.
    pub(super) fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.tasks.runtime().enter();
        self.store.clock().sleep(duration)
    }

    /// The instance of this name.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`.
    pub(super) fn instance(&self, name: &str) -> Result<Instance> {
        let (name, kind) = self.instances.find(name)?;
        Ok(Instance::new(self.auth.clone(), name.clone(), kind.clone()))
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpService")
    }
}
