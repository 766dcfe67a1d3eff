//! The handle of the login, the only thing that a host app holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::app::builder::Builder;
use crate::app::node::Node;
use crate::authorization::Authorizations;
use crate::corp_api::{CorpApi, CorpApiDeps};
use crate::domain::{CorpId, SuiteId};
use crate::element::{Instances, LoginTypeElement, META, Meta, QYWX_PROXY_SERVICE};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::Worker;
use crate::services::{
    AdminService, AuthModel, AuthService, Instance, LinkService, SessionService,
};
use crate::session::CurrentUser;
use crate::task_runner::{ShutdownOnDrop, TaskRunner};
use crate::web::HttpService;
use crate::wecom::EXCHANGE_TIMEOUT;

/// How long a shutdown waits for running work; another start resumes what is not done by then.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(2_500);
/// How long a shutdown waits for an AuthCode that is on its way: for WeCom's answer, and for the database to store it.
const AUTH_CODE_SHUTDOWN_TIMEOUT: Duration =
    EXCHANGE_TIMEOUT.saturating_add(Duration::from_secs(10));

/// The login of one service: built once, cloned wherever it is needed.
///
/// It captures the tokio runtime that it is built on: calls to WeCom, database work and the callbacks' worker run there,
/// and a caller that goes away cancels nothing that was started. When the last clone is dropped, and the last service,
/// instance and guard made from it, the background work ends.
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
pub struct WecomLogin {
    pub(super) inner: Arc<Inner>,
}

/// The parts of a handle.
pub(super) struct Inner {
    pub(super) instances: Arc<Instances>,
    pub(super) meta: Meta,
    pub(super) http: HttpService,
    pub(super) auth: AuthService,
    pub(super) admin: AdminService,
    pub(super) sessions: SessionService,
    pub(super) links: LinkService,
    pub(super) corp_api: Arc<CorpApiDeps>,
    pub(super) authorizations: Authorizations,
    pub(super) worker: Worker,
    pub(super) node: Node,
    pub(super) tasks: TaskRunner,
    pub(super) shutdown_on_drop: ShutdownOnDrop,
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
    /// A Type, `auths.loginTypes.<Name>`.
    Type(LoginTypeElement),
    /// The auth model of a Type: who is bound to which user.
    Model(AuthModel),
}

impl WecomLogin {
    pub(super) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
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
        let (name, kind) = self.inner.instances.find(name)?;
        Ok(Instance::new(
            self.inner.auth.clone(),
            name.clone(),
            kind.clone(),
        ))
    }

    /// All login instances, by name.
    pub fn instances(&self) -> impl Iterator<Item = Instance> {
        self.inner
            .instances
            .iter()
            .map(|(name, kind)| Instance::new(self.inner.auth.clone(), name.clone(), kind.clone()))
    }

    /// The service of the reference page: what is not about one instance.
    #[must_use]
    #[doc(alias = "QywxProxyAuthService")]
    pub fn service(&self) -> AuthService {
        self.inner.auth.clone()
    }

    /// What an operator does.
    #[must_use]
    pub fn admin(&self) -> AdminService {
        self.inner.admin.clone()
    }

    /// Sessions: issued, listed, revoked.
    #[must_use]
    pub fn sessions(&self) -> SessionService {
        self.inner.sessions.clone()
    }

    /// Links to WeCom.
    #[must_use]
    pub fn links(&self) -> LinkService {
        self.inner.links.clone()
    }

    /// WeCom's server API as this corp, by whichever of its ids.
    #[must_use]
    pub fn corp(&self, suite_id: &SuiteId, corp_id: &CorpId) -> CorpApi {
        CorpApi::new(
            Arc::clone(&self.inner.corp_api),
            suite_id.clone(),
            corp_id.clone(),
            self.inner.shutdown_on_drop.clone(),
        )
    }

    /// WeCom's server API as the corp that a person is logged in to: in a handler, `login.corp_of(&user)`, where `user` is
    /// the `User` of either framework.
    #[must_use]
    pub fn corp_of(&self, user: &CurrentUser) -> CorpApi {
        self.corp(user.suite_id(), user.corp_id())
    }

    /// The registry of Types.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.inner.meta
    }

    /// An element by its full name, each that we hand out: an instance, the registry, a Type, its auth model, the service.
    ///
    /// ```no_run
    /// # fn look_up(login: &wecom_login::WecomLogin) -> wecom_login::Result<()> {
    /// use wecom_login::Element;
    ///
    /// if let Element::Instance(instance) = login.element("auths.QywxProxyTemp")? {
    ///     assert!(matches!(login.element(instance.auth_type())?, Element::Type(_)));
    ///     assert!(matches!(login.element(instance.auth_model_name())?, Element::Model(_)));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`.
    #[doc(alias = "getElement")]
    pub fn element(&self, full_name: &str) -> Result<Element> {
        match full_name {
            QYWX_PROXY_SERVICE => Ok(Element::Service(self.service())),
            META => Ok(Element::Meta(self.meta().clone())),
            _ if let Some(login_type) = self.meta().login_type(full_name) => {
                Ok(Element::Type(login_type))
            }
            _ if let Some(login_type) = self.meta().type_of_model(full_name) => {
                Ok(Element::Model(AuthModel::new(login_type, self.admin())))
            }
            _ if full_name.starts_with("auths.") => self.instance(full_name).map(Element::Instance),
            _ => Err(Error::new(
                ErrorKind::InstanceNotFound,
                "a full name begins with auths.",
            )),
        }
    }

    /// Stops within three seconds: no more work is begun, re-reads, checks and hooks are cancelled, and callbacks in work
    /// are released at once, to another node or the next start. Only an AuthCode that is on its way to WeCom is waited for,
    /// up to 70 s, since WeCom answers an AuthCode once: a process manager that kills earlier can lose it.
    ///
    /// Sessions go on being verified from memory for as long as without a database
    /// ([`SessionConfig::max_stale`](field@crate::SessionConfig::max_stale)), and from the database after that: the handle no
    /// longer reads revocations of other nodes.
    pub async fn shutdown(&self) {
        let (tasks, worker) = (&self.inner.tasks, &self.inner.worker);
        tasks.begin_shutdown();
        self.inner.node.leave().await;
        let mut is_done = tasks.wait(SHUTDOWN_TIMEOUT).await;
        if worker.has_auth_code_in_flight() {
            tracing::warn!(target: "wecom_login", "shutdown waits for an AuthCode that is on its way to WeCom");
            worker.wait_for_auth_codes(AUTH_CODE_SHUTDOWN_TIMEOUT).await;
            is_done = tasks.wait(SHUTDOWN_TIMEOUT).await;
        }
        if !is_done {
            tracing::warn!(target: "wecom_login", "shutdown timed out with unfinished work");
        }
        for (suite_id, corp_id) in self.inner.authorizations.unpersisted() {
            tracing::error!(
                target: "wecom_login", %suite_id, %corp_id,
                "a permanent code was fetched and could not be stored; if the process ends now it is lost: press \
                 重新获取secret in the provider console"
            );
        }
    }
}

impl fmt::Debug for WecomLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WecomLogin")
            .field("instances", &self.inner.instances)
            .finish_non_exhaustive()
    }
}
