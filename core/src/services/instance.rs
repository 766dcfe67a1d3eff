//! A login instance, as the reference page's instance element has it.

use std::fmt;
use std::sync::Arc;

use crate::domain::SuiteId;
use crate::element::{AuthConfig, InstanceConfig, InstanceKind, InstanceName};
use crate::error::Result;
use crate::inbox::{NotifyRequest, NotifyResponse};
use crate::login::{LoginCodeRequest, LoginCodeResult, LoginConfig};
use crate::services::AuthService;

/// A named login configuration, `auths.<Name>`.
#[derive(Clone)]
pub struct Instance {
    service: AuthService,
    name: InstanceName,
    kind: InstanceKind,
}

impl Instance {
    pub(crate) const fn new(service: AuthService, name: InstanceName, kind: InstanceKind) -> Self {
        Self {
            service,
            name,
            kind,
        }
    }

    /// The full name, such as `auths.QywxProxyTemp`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.full()
    }

    /// The name to show.
    #[must_use]
    pub fn title(&self) -> &str {
        match &self.kind {
            InstanceKind::Custom { title, .. } => title,
            InstanceKind::QywxProxy(config) => &config.title,
        }
    }

    /// The configuration with its secrets covered; none for an instance of a Type of your own.
    #[must_use]
    #[doc(alias = "authConfig")]
    pub fn auth_config(&self) -> Option<AuthConfig> {
        self.config()
            .map(|config| AuthConfig::new(config.suite.id.clone()))
    }

    /// The full name of the Type: `auths.loginTypes.QywxProxyType`, unless it is one of your own.
    #[must_use]
    #[doc(alias = "authType")]
    pub fn auth_type(&self) -> &str {
        match &self.kind {
            InstanceKind::Custom { type_name, .. } => type_name,
            InstanceKind::QywxProxy(config) => config.type_name(),
        }
    }

    /// The full name of the auth model: `auths.loginTypes.QywxProxyType.QywxProxyAuthModel`, unless the Type is one of your
    /// own, which has its own.
    #[must_use]
    #[doc(alias = "authModelElemName")]
    #[doc(alias = "QywxProxyAuthModel")]
    pub fn auth_model_name(&self) -> &str {
        match &self.kind {
            InstanceKind::Custom {
                auth_model_name, ..
            } => auth_model_name,
            InstanceKind::QywxProxy(config) => config.auth_model_name(),
        }
    }

    /// Whether people can log in here.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match &self.kind {
            InstanceKind::Custom { instance, .. } => instance.is_active(),
            InstanceKind::QywxProxy(config) => config.accepts_logins(),
        }
    }

    /// What a client needs to show this login. It is answered for an inactive instance too.
    ///
    /// # Errors
    /// The database does not answer.
    #[doc(alias = "getLoginConfig")]
    pub async fn login_config(&self) -> Result<LoginConfig> {
        let kind = self.kind.clone();
        self.service
            .run(|deps| async move { deps.login.login_config(&kind).await })
            .await
    }

    /// Proves a person by a code from WeCom and makes a login code of it: single use, good for 300 seconds.
    ///
    /// # Errors
    /// Any of the login errors.
    #[doc(alias = "getLoginCode")]
    pub async fn login_code(&self, request: LoginCodeRequest) -> Result<LoginCodeResult> {
        let (name, kind) = (self.name.clone(), self.kind.clone());
        self.service
            .run(|deps| async move { deps.login.login_code(&name, &kind, request).await })
            .await
    }

    /// Answers a callback of this instance's suite, as [`AuthService::notify`](crate::AuthService::notify) does those
    /// of all. An instance of a Type of your own has none: 404.
    pub async fn notify(&self, request: NotifyRequest) -> NotifyResponse {
        match self.suite_id() {
            Some(suite_id) => self.service.callback(Some(suite_id.clone()), request).await,
            None => NotifyResponse::rejection(404),
        }
    }

    pub(crate) fn suite_id(&self) -> Option<&SuiteId> {
        self.config().map(|config| &config.suite.id)
    }

    fn config(&self) -> Option<&Arc<InstanceConfig>> {
        match &self.kind {
            InstanceKind::Custom { .. } => None,
            InstanceKind::QywxProxy(config) => Some(config),
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
