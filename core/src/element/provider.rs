//! The traits of a login provider: how a login Type loads its instances, and how an instance logs a member in.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::{AuthenticatedMember, CorpId, LoginType, OAuthCode};
use crate::element::files::ElementFiles;
use crate::error::Result;

/// What an instance of a login provider of your own is given to log a member in.
#[derive(Clone, Debug)]
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
        }
    }
}

/// A login Type: how its instances are loaded. Register your own with
/// [`Builder::login_provider`](crate::Builder::login_provider); one named `auths.loginTypes.QywxProxyType` replaces
/// ours.
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

    /// Loads an instance from `e.json` and its business file.
    ///
    /// # Errors
    /// The files are invalid for this Type; [`Builder::build`](crate::Builder::build) fails with this error.
    fn load(&self, files: &ElementFiles) -> Result<Self::Instance>;
}

/// An instance of a login Type of your own. Sessions, login codes and routes are the library's.
pub trait LoginProviderInstance: Send + Sync + 'static {
    /// What `getLoginConfig` answers beside `isActive` and `authType`.
    fn login_config(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }

    /// Whether logins are accepted.
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
    fn load(&self, files: &ElementFiles) -> Result<Arc<dyn DynLoginProviderInstance>>;
}

impl<P: LoginProvider> DynLoginProvider for P {
    fn load(&self, files: &ElementFiles) -> Result<Arc<dyn DynLoginProviderInstance>> {
        Ok(Arc::new(LoginProvider::load(self, files)?))
    }
}

/// The object-safe twin of [`LoginProviderInstance`]. Every `LoginProviderInstance` implements it.
pub(crate) trait DynLoginProviderInstance: Send + Sync + 'static {
    fn login_config(&self) -> serde_json::Map<String, serde_json::Value>;

    fn is_active(&self) -> bool;

    fn log_in<'a>(
        &'a self,
        attempt: &'a LoginAttempt,
    ) -> BoxFuture<'a, Result<AuthenticatedMember>>;
}

impl<I: LoginProviderInstance> DynLoginProviderInstance for I {
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
