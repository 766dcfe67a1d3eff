//! The one handle that a host app holds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::app::browser::BrowserLogins;
use crate::app::builder::Builder;
use crate::app::instance::Instance;
use crate::app::retention::Retention;
use crate::app::service::AuthService;
use crate::authorization::Authorizations;
use crate::db::Store;
use crate::domain::Suites;
use crate::element::{Instances, Meta, QYWX_PROXY_SERVICE};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::DynHooks;
use crate::inbox::receive::CallbackReceiver;
use crate::inbox::worker::Worker;
use crate::login::{LoginCodes, OrganizationCodes, Prover, SpentStates};
use crate::members::{Members, Visibility};
use crate::session::Sessions;
use crate::tokens::Tokens;
use crate::vault::Vault;
use crate::web::Web;
use crate::wecom::Api;

/// So long a shutdown waits for what is in work; what is not done by then, another start takes up.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// The login of one service: built once, cloned wherever it is needed.
///
/// It captures the tokio runtime that it is built on: calls to WeCom, work with the database and the callbacks' worker
/// run there, and a caller that goes away cancels nothing that was begun.
///
/// ```no_run
/// # async fn start() -> wecom_login::Result<()> {
/// use wecom_login::{DataKeys, WecomLogin};
///
/// let wecom = WecomLogin::builder()
///     .auths_dir("auths")
///     .database_url("sqlite://wecom-login.db")
///     .data_keys(DataKeys::from_env())
///     .public_url("https://app.example.com")
///     .build()
///     .await?;
/// # drop(wecom); Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WecomLogin(
    pub(crate) Arc<Inner>,
    #[allow(
        dead_code,
        reason = "held for its drop, which ends the work in the background"
    )]
    Option<Arc<DropGuard>>,
);

pub(crate) struct Inner {
    pub(crate) instances: Instances,
    pub(crate) meta: Meta,
    pub(crate) suites: Suites,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) api: Api,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) prover: Prover,
    pub(crate) visibility: Visibility,
    pub(crate) browser_logins: BrowserLogins,
    pub(crate) login_codes: LoginCodes,
    pub(crate) spent_states: SpentStates,
    pub(crate) organization_codes: OrganizationCodes,
    pub(crate) receiver: CallbackReceiver,
    pub(crate) worker: Worker,
    pub(crate) hooks: Arc<dyn DynHooks>,
    pub(crate) retention: Retention,
    pub(crate) web: Web,
    pub(crate) runtime: Handle,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Something that has a full name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Element {
    /// A login instance, `auths.<Name>`.
    Instance(Instance),
    /// The registry of Types, `auths.loginTypes.Meta`.
    Meta(Meta),
    /// The service of our Type.
    Service(AuthService),
}

impl WecomLogin {
    /// The handle of the host app. When its last clone is dropped, the work in the background ends.
    pub(super) fn new(inner: Inner) -> Self {
        let guard = Arc::new(inner.stop.clone().drop_guard());
        Self(Arc::new(inner), Some(guard))
    }

    /// A handle for the work in the background, which must not keep itself alive.
    pub(super) fn for_background(&self) -> Self {
        Self(Arc::clone(&self.0), None)
    }

    /// Begins to configure a login.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A login instance, by its short name (`QywxProxyTemp`) or its full one (`auths.QywxProxyTemp`).
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`.
    pub fn instance(&self, name: &str) -> Result<Instance> {
        let (name, kind) = self.0.instances.find(name)?;
        Ok(Instance::new(self.clone(), name.clone(), kind.clone()))
    }

    /// All login instances, by name.
    pub fn instances(&self) -> impl Iterator<Item = Instance> {
        self.0
            .instances
            .iter()
            .map(|(name, kind)| Instance::new(self.clone(), name.clone(), kind.clone()))
    }

    /// The service: what is not about one instance.
    #[must_use]
    #[doc(alias = "QywxProxyAuthService")]
    pub fn service(&self) -> AuthService {
        AuthService(self.clone())
    }

    /// The registry of Types.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.0.meta
    }

    /// An element by its full name: an instance, the service or the registry.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`.
    #[doc(alias = "getElement")]
    pub fn element(&self, full_name: &str) -> Result<Element> {
        match full_name {
            QYWX_PROXY_SERVICE => Ok(Element::Service(self.service())),
            crate::element::META => Ok(Element::Meta(self.meta().clone())),
            _ if full_name.starts_with("auths.") => self.instance(full_name).map(Element::Instance),
            _ => Err(Error::new(
                ErrorKind::InstanceNotFound,
                "a full name begins with auths.",
            )),
        }
    }

    /// Stops: no more work is begun, and what is begun is finished, within ten seconds. Callbacks that are being worked
    /// on are handed back at once, to another node or the next start; only one whose AuthCode is on its way to WeCom is
    /// finished, since its answer cannot be had twice.
    ///
    /// Sessions go on being verified from memory for as long as without a database
    /// ([`SessionConfig::max_stale`](crate::SessionConfig::max_stale)), and from the database after that: nobody hears
    /// of ends on other nodes any more.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(SHUTDOWN, self.0.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(target: "wecom_login", "shut down with work in hand; the next start takes it up");
        }
        for (suite_id, corp_id) in self.0.authorizations.unpersisted() {
            tracing::error!(
                target: "wecom_login", %suite_id, %corp_id,
                "a permanent code was fetched and could not be stored; if the process ends now it is lost: press \
                 重新获取secret in the provider console"
            );
        }
    }

    /// Runs work on our runtime, to its end, whatever becomes of the caller. What is given back does not hold the work:
    /// the compiler measures how deep futures go, and those of a host app go on from here.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<T>> + Send>> {
        if self.0.stop.is_cancelled() {
            return Box::pin(std::future::ready(Err(stopped())));
        }
        let work: Pin<Box<dyn Future<Output = Result<T>> + Send>> = Box::pin(work);
        let running = self.0.tasks.spawn_on(work, &self.0.runtime);
        Box::pin(async {
            running.await.unwrap_or_else(|error| {
                Err(if error.is_panic() {
                    Error::new(ErrorKind::Internal, "the work panicked")
                } else {
                    stopped()
                })
            })
        })
    }
}

impl fmt::Debug for WecomLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WecomLogin")
            .field("instances", &self.0.instances)
            .finish_non_exhaustive()
    }
}

pub(super) fn stopped() -> Error {
    Error::new(ErrorKind::StoreUnavailable, "the service is shutting down")
        .with_retry_after(Duration::from_secs(5))
}
