//! Meta, Type and Instance: the registry of login Types, and the trait of a Type.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::AuthenticatedMember;
use crate::domain::CorpId;
use crate::domain::LoginType as Way;
use crate::domain::OAuthCode;
use crate::element::files::ElementFiles;
use crate::element::read::QYWX_PROXY_TYPE;
use crate::error::Result;
use futures_util::future::BoxFuture;

/// The full name of the registry of Types.
pub const META: &str = "auths.loginTypes.Meta";
/// The full name of the service of our Type.
pub const QYWX_PROXY_SERVICE: &str = "auths.loginTypes.QywxProxyType.services.QywxProxyAuthService";
/// The full name of the auth model of our Type.
pub const QYWX_PROXY_AUTH_MODEL: &str = "auths.loginTypes.QywxProxyType.QywxProxyAuthModel";

/// What an instance of a Type of your own gets to log a person in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginAttempt {
    /// The company that the client named.
    pub corp_id: CorpId,
    /// The code that it sent.
    pub code: OAuthCode,
    /// How the person comes in.
    pub login_type: Way,
    /// The client's address, if it is known.
    pub client: Option<IpAddr>,
}

impl LoginAttempt {
    pub(crate) const fn new(
        corp_id: CorpId,
        code: OAuthCode,
        login_type: Way,
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

/// A login Type: how instances of it are loaded. Register your own with
/// [`Builder::login_provider`](crate::Builder::login_provider); one of the name `auths.loginTypes.QywxProxyType` replaces ours.
///
/// ```
/// use std::sync::Arc;
/// use wecom_login::element::{ElementFiles, LoginAttempt, LoginProvider, LoginProviderInstance, process_environment};
/// use wecom_login::{Error, ErrorKind, HookFuture, Principal, AuthenticatedMember, Profile, Result, SuiteId, WecomUserId};
///
/// /// Lets the name in that stands in the instance's file.
/// struct FixedName;
/// struct Fixed(WecomUserId);
///
/// impl LoginProvider for FixedName {
///     fn full_name(&self) -> &str {
///         "auths.loginTypes.FixedName"
///     }
///
///     fn load(&self, files: &ElementFiles) -> Result<Arc<dyn LoginProviderInstance>> {
///         let business = files.business(&process_environment)?;
///         let name = business["name"].as_str().unwrap_or_default();
///         Ok(Arc::new(Fixed(WecomUserId::new(name)?)))
///     }
/// }
///
/// impl LoginProviderInstance for Fixed {
///     fn log_in<'a>(&'a self, attempt: &'a LoginAttempt) -> HookFuture<'a, Result<AuthenticatedMember>> {
///         Box::pin(async move {
///             if attempt.code.expose() != "open sesame" {
///                 return Err(Error::new(ErrorKind::CodeInvalid, "wrong word"));
///             }
///             let who = Principal::new(SuiteId::new("fixed")?, attempt.corp_id.clone(), self.0.clone());
///             Ok(AuthenticatedMember::new(who, Profile::default()))
///         })
///     }
/// }
/// # let _ = FixedName;
/// ```
pub trait LoginProvider: Send + Sync + 'static {
    /// The `type` of the `e.json` files of its instances.
    fn full_name(&self) -> &str;

    /// Loads an instance from `e.json` and its business file.
    ///
    /// # Errors
    /// The files are not as this Type wants them; the start of the app fails with this.
    fn load(&self, files: &ElementFiles) -> Result<Arc<dyn LoginProviderInstance>>;
}

/// An instance of a Type of your own. Sessions, login codes and routes are ours.
pub trait LoginProviderInstance: Send + Sync + 'static {
    /// What `getLoginConfig` answers beside `isActive` and `authType`.
    fn login_config(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }

    /// Whether people can log in.
    fn is_active(&self) -> bool {
        true
    }

    /// Proves a person by the code they sent.
    fn log_in<'a>(
        &'a self,
        attempt: &'a LoginAttempt,
    ) -> BoxFuture<'a, Result<AuthenticatedMember>>;
}

/// The registry of login Types, `auths.loginTypes.Meta`.
#[derive(Clone, Default)]
pub struct Meta(BTreeMap<String, Arc<dyn LoginProvider>>);

impl Meta {
    /// The full name of the registry.
    #[must_use]
    pub const fn full_name(&self) -> &'static str {
        META
    }

    /// Whether there is a Type of this full name, ours or one that was registered.
    #[must_use]
    pub fn knows(&self, type_name: &str) -> bool {
        type_name == QYWX_PROXY_TYPE || self.0.contains_key(type_name)
    }

    /// The full names of all Types.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let ours = (!self.0.contains_key(QYWX_PROXY_TYPE)).then_some(QYWX_PROXY_TYPE);
        self.0.keys().map(String::as_str).chain(ours)
    }

    pub(crate) fn register(&mut self, login_type: Arc<dyn LoginProvider>) {
        self.0.insert(login_type.full_name().to_owned(), login_type);
    }

    /// A Type that was registered; ours is not among them.
    pub(crate) fn registered(&self, type_name: &str) -> Option<&Arc<dyn LoginProvider>> {
        self.0.get(type_name)
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.type_names()).finish()
    }
}
