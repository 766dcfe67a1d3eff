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

/// The registry of login Types, `auths.loginTypes.Meta`.
#[derive(Clone, Default)]
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
