//! The registry of login Types, `auths.loginTypes.Meta`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::element::provider::{DynLoginProvider, LoginProvider};
use crate::element::read::QYWX_PROXY_TYPE;

/// The full name of the registry of login Types.
pub const META: &str = "auths.loginTypes.Meta";
/// The full name of the service of our Type.
pub const QYWX_PROXY_SERVICE: &str = "auths.loginTypes.QywxProxyType.services.QywxProxyAuthService";
/// The full name of the auth model of our Type.
pub const QYWX_PROXY_AUTH_MODEL: &str = "auths.loginTypes.QywxProxyType.QywxProxyAuthModel";

/// A login Type, by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginTypeElement {
    /// The full name, such as `auths.loginTypes.QywxProxyType`: the `type` of its instances.
    pub full_name: String,
    /// The full name of its auth model.
    pub auth_model_name: String,
}

/// The registry of login Types, `auths.loginTypes.Meta`.
#[derive(Clone, Default)]
#[doc(alias = "auths.loginTypes.Meta")]
pub struct Meta {
    registered: BTreeMap<String, Arc<dyn DynLoginProvider>>,
}

impl Meta {
    /// The full name of the registry.
    #[must_use]
    pub const fn full_name(&self) -> &'static str {
        META
    }

    /// Whether there is a Type of this full name, ours or a registered one.
    #[must_use]
    pub fn knows(&self, type_name: &str) -> bool {
        type_name == QYWX_PROXY_TYPE || self.registered.contains_key(type_name)
    }

    /// A Type by its full name.
    #[must_use]
    pub fn login_type(&self, full_name: &str) -> Option<LoginTypeElement> {
        let auth_model_name = match self.registered.get(full_name) {
            Some(provider) => provider.auth_model_name(),
            None if full_name == QYWX_PROXY_TYPE => QYWX_PROXY_AUTH_MODEL.to_owned(),
            None => return None,
        };
        Some(LoginTypeElement {
            full_name: full_name.to_owned(),
            auth_model_name,
        })
    }

    /// All Types.
    pub fn login_types(&self) -> impl Iterator<Item = LoginTypeElement> {
        self.type_names().filter_map(|name| self.login_type(name))
    }

    /// The Type whose auth model has this full name.
    pub(crate) fn type_of_model(&self, auth_model_name: &str) -> Option<LoginTypeElement> {
        self.login_types()
            .find(|login_type| login_type.auth_model_name == auth_model_name)
    }

    /// The full names of all Types.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let ours = (!self.registered.contains_key(QYWX_PROXY_TYPE)).then_some(QYWX_PROXY_TYPE);
        self.registered.keys().map(String::as_str).chain(ours)
    }

    pub(crate) fn register(&mut self, provider: impl LoginProvider) {
        let full_name = provider.full_name().to_owned();
        self.registered.insert(full_name, Arc::new(provider));
    }

    /// A registered Type; ours is not among them.
    pub(crate) fn registered(&self, type_name: &str) -> Option<&Arc<dyn DynLoginProvider>> {
        self.registered.get(type_name)
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.type_names()).finish()
    }
}
