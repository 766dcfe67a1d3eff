//! The traits of a login provider: how a login Type loads its instances, and how an instance logs a member in.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::{AuthenticatedMember, CorpId, LoginType, OAuthCode};
use crate::element::files::ElementFiles;
use crate::element::qywx_proxy::QywxProxyInstance;
use crate::error::Result;

/// What an instance of a login provider of your own is given to log a member in.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoginAttempt {
    /// The corp that the client named.
    pub corp_id: CorpId,
    /// The code that the client sent.
    pub code: OAuthCode,
    /// How the member logs in.
    pub login_type: LoginType,
    /// The client's address, if it is known.
    pub client: Option<IpAddr>,
    /// How the instance of the official Type that is wrapped asks WeCom about the code.
    pub(super) wecom: Option<Arc<dyn WecomAuthentication>>,
}

/// The authentication by WeCom of one attempt at an instance of the official Type.
pub(crate) trait WecomAuthentication: Send + Sync {
    fn authenticate(&self) -> BoxFuture<'_, Result<AuthenticatedMember>>;
}

impl LoginAttempt {
    pub(crate) const fn new(
        corp_id: CorpId,
        code: OAuthCode,
        login_type: LoginType,
        client: Option<IpAddr>,
    ) -> Self {
        Self {
            corp_id,
            code,
            login_type,
            client,
            wecom: None,
        }
    }

    pub(crate) fn with_wecom(mut self, wecom: Arc<dyn WecomAuthentication>) -> Self {
        self.wecom = Some(wecom);
        self
    }
}

impl fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginAttempt")
            .field("corp_id", &self.corp_id)
            .field("code", &self.code)
            .field("login_type", &self.login_type)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// A login Type: how its instances are loaded. Register your own with
/// [`Builder::login_provider`](crate::Builder::login_provider); one named `auths.loginTypes.QywxProxyType` replaces
/// ours. To change a part of ours, wrap it: [`QywxProxyType`](crate::element::QywxProxyType).
///
/// ```
/// use wecom_login::element::{ElementFiles, LoginAttempt, LoginProvider, LoginProviderInstance, process_environment};
/// use wecom_login::{AuthenticatedMember, Error, ErrorKind, Principal, Profile, Result, SuiteId, WecomUserId};
///
/// /// Logs in the member whose userid is in the instance's file.
/// struct FixedName;
/// struct Fixed(WecomUserId);
///
/// impl LoginProvider for FixedName {
///     type Instance = Fixed;
///
///     fn full_name(&self) -> &str {
///         "auths.loginTypes.FixedName"
///     }
///
///     fn load(&self, files: &ElementFiles) -> Result<Fixed> {
///         let business = files.business(&process_environment)?;
///         let name = business["name"].as_str().unwrap_or_default();
///         Ok(Fixed(WecomUserId::new(name)?))
///     }
/// }
///
/// impl LoginProviderInstance for Fixed {
///     async fn log_in(&self, attempt: &LoginAttempt) -> Result<AuthenticatedMember> {
///         if attempt.code.expose() != "open sesame" {
///             return Err(Error::new(ErrorKind::CodeInvalid, "wrong word"));
///         }
///         let principal = Principal::new(SuiteId::new("fixed")?, attempt.corp_id.clone(), self.0.clone());
///         Ok(AuthenticatedMember::new(principal, Profile::default()))
///     }
/// }
/// # let _ = wecom_login::WecomLogin::builder().login_provider(FixedName);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a login Type",
    label = "this needs `impl LoginProvider`",
    note = "the official Type needs no registration; a Type of your own implements `wecom_login::element::LoginProvider`"
)]
pub trait LoginProvider: Send + Sync + 'static {
    /// An instance of this Type.
    type Instance: LoginProviderInstance;

    /// The `type` in the `e.json` files of its instances.
    fn full_name(&self) -> &str;

    /// The full name of the auth model of its instances. By default that of the Type, then its last segment without `Type`
    /// and with `AuthModel`, as ours has it: `auths.loginTypes.FixedName.FixedNameAuthModel`.
    #[doc(alias = "authModelElemName")]
    fn auth_model_name(&self) -> String {
        default_auth_model_name(self.full_name())
    }

    /// Loads an instance from `e.json` and its business file.
    ///
    /// # Errors
    /// The files are invalid for this Type; [`Builder::build`](crate::Builder::build) fails with this error.
    fn load(&self, files: &ElementFiles) -> Result<Self::Instance>;
}

/// An instance of a login Type of your own. Sessions, login codes and routes are the library's.
pub trait LoginProviderInstance: Send + Sync + 'static {
    /// The instance of the official Type that this one wraps. It keeps its suite, its callbacks and its logins; `log_in` of
    /// the wrapping instance is called for each of them, and has to answer a member of the corp that the attempt names.
    fn qywx_proxy(&self) -> Option<&QywxProxyInstance> {
        None
    }

    /// What `getLoginConfig` answers beside `isActive` and `authType`; of an instance that wraps one of the official Type
    /// also beside `suiteId`, `corpId` and `agentId`.
    fn login_config(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }

    /// Whether logins are accepted. An instance that wraps one of the official Type accepts them only if both do.
    fn is_active(&self) -> bool {
        true
    }

    /// Authenticates the member who sent the code.
    fn log_in(
        &self,
        attempt: &LoginAttempt,
    ) -> impl Future<Output = Result<AuthenticatedMember>> + Send;
}

/// The object-safe twin of [`LoginProvider`]. Every `LoginProvider` implements it.
pub(crate) trait DynLoginProvider: Send + Sync + 'static {
    fn auth_model_name(&self) -> String;

    fn load(&self, files: &ElementFiles) -> Result<Arc<dyn DynLoginProviderInstance>>;
}

impl<P: LoginProvider> DynLoginProvider for P {
    fn auth_model_name(&self) -> String {
        LoginProvider::auth_model_name(self)
    }

    fn load(&self, files: &ElementFiles) -> Result<Arc<dyn DynLoginProviderInstance>> {
        Ok(Arc::new(LoginProvider::load(self, files)?))
    }
}

/// The object-safe twin of [`LoginProviderInstance`]. Every `LoginProviderInstance` implements it.
pub(crate) trait DynLoginProviderInstance: Send + Sync + 'static {
    fn qywx_proxy(&self) -> Option<&QywxProxyInstance>;

    fn login_config(&self) -> serde_json::Map<String, serde_json::Value>;

    fn is_active(&self) -> bool;

    fn log_in<'a>(
        &'a self,
        attempt: &'a LoginAttempt,
    ) -> BoxFuture<'a, Result<AuthenticatedMember>>;
}

impl<I: LoginProviderInstance> DynLoginProviderInstance for I {
    fn qywx_proxy(&self) -> Option<&QywxProxyInstance> {
        LoginProviderInstance::qywx_proxy(self)
    }

    fn login_config(&self) -> serde_json::Map<String, serde_json::Value> {
        LoginProviderInstance::login_config(self)
    }

    fn is_active(&self) -> bool {
        LoginProviderInstance::is_active(self)
    }

    fn log_in<'a>(
        &'a self,
        attempt: &'a LoginAttempt,
    ) -> BoxFuture<'a, Result<AuthenticatedMember>> {
        Box::pin(LoginProviderInstance::log_in(self, attempt))
    }
}

/// `auths.loginTypes.QywxProxyType` has `auths.loginTypes.QywxProxyType.QywxProxyAuthModel`.
fn default_auth_model_name(type_name: &str) -> String {
    let last = type_name.rsplit('.').next().unwrap_or(type_name);
    let stem = last.strip_suffix("Type").unwrap_or(last);
    format!("{type_name}.{stem}AuthModel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{QYWX_PROXY_AUTH_MODEL, QYWX_PROXY_TYPE};

    #[test]
    fn auth_model_is_named_after_its_type() {
        assert_eq!(
            default_auth_model_name(QYWX_PROXY_TYPE),
            QYWX_PROXY_AUTH_MODEL
        );
        assert_eq!(
            default_auth_model_name("auths.loginTypes.Fixed"),
            "auths.loginTypes.Fixed.FixedAuthModel"
        );
    }
}
