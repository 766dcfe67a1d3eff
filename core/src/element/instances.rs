//! All instances, and which of them serves a corp.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::domain::{CorpAliases, CorpId, SuiteId};
use crate::element::config::{CodeLogin, InstanceConfig};
use crate::element::name::InstanceName;
use crate::element::provider::DynLoginProviderInstance;
use crate::error::{Error, ErrorKind, Result};

/// An instance of our Type or of a registered one.
#[derive(Clone)]
pub(crate) enum InstanceKind {
    Custom {
        type_name: String,
        auth_model_name: String,
        title: String,
        instance: Arc<dyn DynLoginProviderInstance>,
    },
    QywxProxy(Arc<InstanceConfig>),
}

impl fmt::Debug for InstanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom { type_name, .. } => f.debug_tuple("Custom").field(type_name).finish(),
            Self::QywxProxy(config) => f.debug_tuple("QywxProxy").field(config).finish(),
        }
    }
}

/// All instances of this service, by full name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instances {
    by_name: BTreeMap<InstanceName, InstanceKind>,
    /// A pin is compared by every id that its corp is known by.
    aliases: CorpAliases,
}

/// A corp that an instance is pinned to.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) instance: InstanceName,
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    /// The instance forbids a login that an unpinned instance of the suite allows. Until the corp's other id is known,
    /// the corp could log in by that one.
    pub(crate) must_be_resolved: bool,
}

impl Instances {
    /// # Errors
    /// Two instances have one name.
    pub(crate) fn new(
        instances: impl IntoIterator<Item = (InstanceName, InstanceKind)>,
    ) -> Result<Self> {
        let mut all = BTreeMap::new();
        for (name, kind) in instances {
            if let Some(_duplicate) = all.insert(name.clone(), kind) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("{}: there are two instances of this name", name.full()),
                ));
            }
        }
        Ok(Self {
            by_name: all,
            aliases: CorpAliases::default(),
        })
    }

    /// Whether there is an instance of a Type of the host app's own.
    pub(crate) fn has_custom(&self) -> bool {
        let is_custom = |kind: &InstanceKind| matches!(kind, InstanceKind::Custom { .. });
        self.by_name.values().any(is_custom)
    }

    /// The instance of this full name, or of the short name in a URL.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND`.
    pub(crate) fn find(&self, name: &str) -> Result<(&InstanceName, &InstanceKind)> {
        let full = if name.starts_with("auths.") {
            name.to_owned()
        } else {
            format!("auths.{name}")
        };
        let found = InstanceName::new(full)
            .ok()
            .and_then(|name| self.by_name.get_key_value(&name));
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::InstanceNotFound,
                "no login instance of this name",
            )
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&InstanceName, &InstanceKind)> {
        self.by_name.iter()
    }

    fn qywx_proxy(&self) -> impl Iterator<Item = &Arc<InstanceConfig>> {
        self.by_name.values().filter_map(|kind| match kind {
            InstanceKind::QywxProxy(config) => Some(config),
            InstanceKind::Custom { .. } => None,
        })
    }

    /// The ids that corps are known by.
    pub(crate) const fn aliases(&self) -> &CorpAliases {
        &self.aliases
    }

    /// Every corp that an instance is pinned to.
    pub(crate) fn pins(&self) -> Vec<Pin> {
        let pinned = self.qywx_proxy().filter_map(|config| {
            let is_restricted = !config.accepts_logins()
                || config.code_login != CodeLogin::Open
                || config.wrapping().is_some();
            Some(Pin {
                instance: config.name.clone(),
                suite_id: config.suite.id.clone(),
                corp_id: config.corp_id.clone()?,
                must_be_resolved: is_restricted && self.unpinned(&config.suite.id).is_some(),
            })
        });
        pinned.collect()
    }

    /// The suites whose instances are pinned to this corp.
    pub(crate) fn suites_pinned_to(&self, corp_id: &CorpId) -> Vec<SuiteId> {
        let pinned = self
            .qywx_proxy()
            .filter(|config| self.is_pinned_to(config, corp_id));
        pinned.map(|config| config.suite.id.clone()).collect()
    }

    fn is_pinned_to(&self, config: &InstanceConfig, corp_id: &CorpId) -> bool {
        config
            .corp_id
            .as_ref()
            .is_some_and(|pinned| self.aliases.is_same(&config.suite.id, pinned, corp_id))
    }

    fn unpinned(&self, suite_id: &SuiteId) -> Option<&Arc<InstanceConfig>> {
        self.qywx_proxy()
            .find(|config| config.suite.id == *suite_id && config.corp_id.is_none())
    }

    /// The corp of a service for one corp: its only active instance is pinned to it.
    pub(crate) fn only_corp(&self) -> Option<(&SuiteId, &CorpId)> {
        let mut active = self.qywx_proxy().filter(|config| config.accepts_logins());
        match (active.next(), active.next()) {
            (Some(only), None) => Some((&only.suite.id, only.corp_id.as_ref()?)),
            _ => None,
        }
    }

    /// The instance for a (suite, corp): the one that is pinned to it, else the suite's unpinned one.
    ///
    /// # Errors
    /// `CORP_MISMATCH`: the suite has instances for other corps only.
    pub(crate) fn serving(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<&Arc<InstanceConfig>> {
        self.qywx_proxy()
            .find(|config| config.suite.id == *suite_id && self.is_pinned_to(config, corp_id))
            .or_else(|| self.unpinned(suite_id))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::CorpMismatch,
                    "no login instance is for this corp",
                )
            })
    }

    /// Checks that the corp's logins through `config` are enabled. An inactive instance that is pinned to the corp is
    /// not bypassed through an unpinned one.
    ///
    /// # Errors
    /// `CORP_MISMATCH`, `LOGIN_DISABLED`.
    pub(crate) fn check_login(&self, config: &InstanceConfig, corp_id: &CorpId) -> Result<()> {
        if config.corp_id.is_some() && !self.is_pinned_to(config, corp_id) {
            return Err(Error::new(
                ErrorKind::CorpMismatch,
                "this login instance is for another corp",
            ));
        }
        let serving = self.serving(&config.suite.id, corp_id)?;
        if config.accepts_logins() && serving.accepts_logins() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::LoginDisabled,
            "this login is disabled",
        ))
    }
}
