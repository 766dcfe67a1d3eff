//! Whose tokens there are, and what each is fetched with.

use std::sync::Arc;

use crate::digest;
use crate::domain::Suite;
use crate::domain::{CorpId, SuiteId};
use crate::domain::{PermanentCode, ProviderSecret};

/// How a company's app gets its token: its permanent code, and which version of it that is.
#[derive(Clone, Debug)]
pub(crate) struct AppCredential {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: CorpId,
    pub(crate) permanent_code: PermanentCode,
    pub(crate) version: i64,
}

/// What a fetch needs, owned, since it goes on when its caller goes away.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    App(AppCredential),
    Provider(CorpId, ProviderSecret),
    Suite(Arc<Suite>),
}

impl Credential {
    pub(super) fn owner(&self) -> Owner {
        match self {
            Self::App(app) => Owner::App(app.suite_id.clone(), app.corp_id.clone()),
            Self::Provider(corp_id, _) => Owner::Provider(corp_id.clone()),
            Self::Suite(suite) => Owner::Suite(suite.id.clone()),
        }
    }

    pub(super) fn key(&self) -> Key {
        (self.owner(), self.version())
    }

    pub(super) fn version(&self) -> i64 {
        match self {
            Self::App(app) => app.version,
            Self::Provider(..) | Self::Suite(_) => 0,
        }
    }
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    App(SuiteId, CorpId),
    Provider(CorpId),
    Suite(SuiteId),
}

impl Owner {
    /// The row of the token: a hash over length-prefixed parts.
    pub(super) fn row_id(&self) -> Vec<u8> {
        let parts: [&str; 3] = match self {
            Self::App(suite_id, corp_id) => ["app", suite_id.as_str(), corp_id.as_str()],
            Self::Provider(corp_id) => ["provider", corp_id.as_str(), ""],
            Self::Suite(suite_id) => ["suite", suite_id.as_str(), ""],
        };
        digest::of_parts(&parts.map(str::as_bytes)).to_vec()
    }
}

/// A token and the version of the secret it is fetched with.
pub(super) type Key = (Owner, i64);
