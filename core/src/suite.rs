//! A suite (代开发 template) as it is configured: its id, its secret and the keys of its callbacks.

use crate::callback::CallbackKeys;
use crate::ids::{CorpId, SuiteId};
use crate::secret::{ProviderSecret, SuiteSecret};

/// The provider's own credentials, which make authorisation links (D/98744).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provider {
    /// The provider's own corpid, which is also the receiveid of the console's URL check.
    pub corp_id: CorpId,
    /// The provider's secret, where links are to be made.
    pub secret: Option<ProviderSecret>,
}

impl Provider {
    /// The provider's credentials.
    #[must_use]
    pub const fn new(corp_id: CorpId, secret: Option<ProviderSecret>) -> Self {
        Self { corp_id, secret }
    }
}

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
    /// The provider, where `providerCorpId` is configured.
    pub provider: Option<Provider>,
}

impl Suite {
    /// A suite with one pair of callback keys and no provider.
    #[must_use]
    pub fn new(id: SuiteId, secret: SuiteSecret, callback_keys: CallbackKeys) -> Self {
        Self { id, secret, callback_keys: vec![callback_keys], provider: None }
    }
}
