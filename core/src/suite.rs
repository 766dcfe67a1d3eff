//! A suite (代开发 template) as it is configured: its id, its secret and the keys of its callbacks.

use crate::callback::CallbackKeys;
use crate::ids::{CorpId, SuiteId};
use crate::secret::{ProviderSecret, SuiteSecret};

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
        Self { id, secret, callback_keys: vec![callback_keys], provider_corp_id: None, provider_secret: None }
    }
}
