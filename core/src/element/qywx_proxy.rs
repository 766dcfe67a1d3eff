//! The official Type as a value of [`LoginProvider`], to be wrapped and changed in part.

use crate::domain::AuthenticatedMember;
use crate::element::config::InstanceConfig;
use crate::element::environment::process_environment;
use crate::element::files::ElementFiles;
use crate::element::meta::QYWX_PROXY_AUTH_MODEL;
use crate::element::provider::{LoginAttempt, LoginProvider, LoginProviderInstance};
use crate::element::read::QYWX_PROXY_TYPE;
use crate::error::{Error, ErrorKind, Result};

/// The official Type, `auths.loginTypes.QywxProxyType`. Nobody has to register it.
///
/// A Type that wraps it, under its name or another one, loads instances of it and changes a part: their configuration,
/// what `getLoginConfig` answers, who may log in. An instance of such a Type says by
/// [`qywx_proxy`](LoginProviderInstance::qywx_proxy) which instance it wraps, and keeps everything of it: its suite with
/// callbacks and links, the login in the browser and from the workbench, organization codes. The wrapping
/// [`log_in`](LoginProviderInstance::log_in) is called for every login.
///
/// ```
/// use wecom_login::element::{
///     ElementFiles, LoginAttempt, LoginProvider, LoginProviderInstance, QywxProxyInstance, QywxProxyType,
///     process_environment,
/// };
/// use wecom_login::{AuthenticatedMember, Error, ErrorKind, Result, WecomUserId};
///
/// /// The official Type, with a list of the members who may log in: `"onlyFor": ["zhangwei"]` in the business file.
/// struct WithList;
/// struct Listed {
///     inner: QywxProxyInstance,
///     only_for: Vec<WecomUserId>,
/// }
///
/// impl LoginProvider for WithList {
///     type Instance = Listed;
///
///     fn full_name(&self) -> &str {
///         QywxProxyType.full_name()
///     }
///
///     fn load(&self, files: &ElementFiles) -> Result<Listed> {
///         let business = files.business(&process_environment)?;
///         let names = business["onlyFor"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
///         let only_for = names.map(WecomUserId::new).collect::<std::result::Result<_, _>>()?;
///         Ok(Listed { inner: QywxProxyType.load(files)?, only_for })
///     }
/// }
///
/// impl LoginProviderInstance for Listed {
///     fn qywx_proxy(&self) -> Option<&QywxProxyInstance> {
///         Some(&self.inner)
///     }
///
///     async fn log_in(&self, attempt: &LoginAttempt) -> Result<AuthenticatedMember> {
///         let member = self.inner.log_in(attempt).await?;
///         if self.only_for.contains(&member.principal.third_user_id) {
///             return Ok(member);
///         }
///         Err(Error::new(ErrorKind::UserAuthMiss, "not on the list"))
///     }
/// }
/// # let _ = wecom_login::WecomLogin::builder().login_provider(WithList);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "auths.loginTypes.QywxProxyType")]
#[allow(
    clippy::exhaustive_structs,
    reason = "it has no fields, so that it is a value"
)]
pub struct QywxProxyType;

impl LoginProvider for QywxProxyType {
    type Instance = QywxProxyInstance;

    fn full_name(&self) -> &str {
        QYWX_PROXY_TYPE
    }

    fn auth_model_name(&self) -> String {
        QYWX_PROXY_AUTH_MODEL.to_owned()
    }

    fn load(&self, files: &ElementFiles) -> Result<QywxProxyInstance> {
        InstanceConfig::from_files(files, &process_environment).map(QywxProxyInstance::new)
    }
}

/// An instance of the official Type.
#[derive(Clone, Debug)]
pub struct QywxProxyInstance {
    config: InstanceConfig,
}

impl QywxProxyInstance {
    /// The instance of this configuration: that of [`QywxProxyType`], changed, or one made in code.
    #[must_use]
    pub const fn new(config: InstanceConfig) -> Self {
        Self { config }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &InstanceConfig {
        &self.config
    }

    /// The configuration, to be changed.
    #[must_use]
    pub fn into_config(self) -> InstanceConfig {
        self.config
    }
}

impl LoginProviderInstance for QywxProxyInstance {
    fn qywx_proxy(&self) -> Option<&QywxProxyInstance> {
        Some(self)
    }

    fn is_active(&self) -> bool {
        self.config.is_active
    }

    async fn log_in(&self, attempt: &LoginAttempt) -> Result<AuthenticatedMember> {
        match &attempt.wecom {
            Some(wecom) => wecom.authenticate().await,
            None => Err(Error::new(
                ErrorKind::Config,
                "an instance that wraps one of the official Type names it as its qywx_proxy",
            )),
        }
    }
}
