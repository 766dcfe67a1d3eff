//! Suites (代开发 templates) as they are configured: id, secret, callback keys.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{CallbackKeys, CorpId, ProviderSecret, SuiteId, SuiteSecret};

/// The credentials of a suite. Instances of the same suite share one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suite {
    /// The template's id.
    pub id: SuiteId,
    /// The template's secret.
    pub secret: SuiteSecret,
    /// The tokens and keys of the callbacks. The first pair is that of `authConfig`, the others are `callbackKeys`.
    pub callback_keys: Vec<CallbackKeys>,
    /// The provider's own corpid, which is also the receiveid of the console's URL verification.
    pub provider_corp_id: Option<CorpId>,
    /// The provider's secret. With `provider_corp_id` it creates authorization links (D/98744).
    pub provider_secret: Option<ProviderSecret>,
}

impl Suite {
    /// Creates a suite with one pair of callback keys and without provider credentials.
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

/// No instance of this service uses the suite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the suite {suite_id} is not configured in this service")]
pub(crate) struct UnknownSuite {
    suite_id: SuiteId,
}

/// The suites of this service, by id. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suites {
    by_id: Arc<HashMap<SuiteId, Arc<Suite>>>,
}

impl Suites {
    /// Collects the suites.
    pub(crate) fn new(suites: impl IntoIterator<Item = Suite>) -> Self {
        let by_id = suites
            .into_iter()
            .map(|suite| (suite.id.clone(), Arc::new(suite)));
        Self {
            by_id: Arc::new(by_id.collect()),
        }
    }

    /// Returns the suite with this id.
    pub(crate) fn find(&self, id: &SuiteId) -> Option<&Arc<Suite>> {
        self.by_id.get(id)
    }

    /// Returns all suites.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Suite>> {
        self.by_id.values()
    }

    /// Returns the ids, for statements that select rows of these suites only.
    pub(crate) fn ids(&self) -> Vec<SuiteId> {
        self.by_id.keys().cloned().collect()
    }

    /// Returns the suite with this id, or an error that names it.
    pub(crate) fn require(&self, id: &SuiteId) -> Result<&Arc<Suite>, UnknownSuite> {
        self.find(id).ok_or_else(|| UnknownSuite {
            suite_id: id.clone(),
        })
    }
}
