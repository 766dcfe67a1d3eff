//! A suite (代开发 template) as it is configured: its id, its secret and the keys of its callbacks.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::CallbackKeys;
use crate::domain::{CorpId, SuiteId};
use crate::domain::{ProviderSecret, SuiteSecret};

/// A suite's credentials. Instances that share a suite share one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suite {
    /// The template's id.
    pub id: SuiteId,
    /// The template's secret.
    pub secret: SuiteSecret,
    /// Token and key of the callbacks; the first pair is that of `authConfig`, the others are `callbackKeys`.
    pub callback_keys: Vec<CallbackKeys>,
    /// The provider's own corpid, which is also the receiveid of the console's URL check.
    pub provider_corp_id: Option<CorpId>,
    /// The provider's secret; with `provider_corp_id` it makes authorisation links (D/98744).
    pub provider_secret: Option<ProviderSecret>,
}

impl Suite {
    /// A suite with one pair of callback keys and no provider.
    #[must_use]
    pub fn new(id: SuiteId, secret: SuiteSecret, callback_keys: CallbackKeys) -> Self {
        Self {
            id,
            secret,
            callback_keys: vec![callback_keys],
            provider_corp_id: None,
            provider_secret: None,
        }
    }
}

/// No instance of this service has the suite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the suite {0} is not configured here")]
pub(crate) struct UnknownSuite(SuiteId);

/// Every suite of this service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suites(Arc<HashMap<SuiteId, Arc<Suite>>>);

impl Suites {
    pub(crate) fn new(suites: impl IntoIterator<Item = Suite>) -> Self {
        Self(Arc::new(
            suites
                .into_iter()
                .map(|suite| (suite.id.clone(), Arc::new(suite)))
                .collect(),
        ))
    }

    pub(crate) fn find(&self, id: &SuiteId) -> Option<&Arc<Suite>> {
        self.0.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Suite>> {
        self.0.values()
    }

    /// The ids, for statements that are about our suites only.
    pub(crate) fn ids(&self) -> Vec<SuiteId> {
        self.0.keys().cloned().collect()
    }

    /// The suite, or why its work cannot be done here.
    pub(crate) fn require(&self, id: &SuiteId) -> Result<&Arc<Suite>, UnknownSuite> {
        self.find(id).ok_or_else(|| UnknownSuite(id.clone()))
    }
}
