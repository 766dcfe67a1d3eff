//! The receiveid of a message, which decides what the message may do (D/96211).

use crate::domain::{CorpId, Suite};

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReceiveId {
    /// The suite: events of that suite.
    Suite,
    /// The provider of the suite: events of the suite, or of a corp's app, that the message itself names. Not documented,
    /// and has been seen.
    Provider(CorpId),
    /// A corp: events of that corp's app.
    Corp(CorpId),
    /// Nobody. Only a URL check may be so.
    Empty,
    /// No id at all.
    Invalid,
}

impl ReceiveId {
    pub(super) fn parse(receive_id: &str, suite: &Suite) -> Self {
        if receive_id == suite.id.as_str() {
            return Self::Suite;
        }
        match CorpId::new(receive_id) {
            Ok(corp_id)
                if suite
                    .provider_corp_id
                    .as_ref()
                    .is_some_and(|provider| provider.normalized() == corp_id.normalized()) =>
            {
                Self::Provider(corp_id)
            }
            Ok(corp_id) => Self::Corp(corp_id),
            Err(_) if receive_id.is_empty() => Self::Empty,
            Err(_) => Self::Invalid,
        }
    }
}
