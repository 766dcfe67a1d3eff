//! What the switches choose between.

use serde::{Deserialize, Deserializer, Serialize};

/// The receiveid of each kind of push: `suiteId`, `corpId`, `providerCorpId`, or any other text as it stands.
/// One text sets all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceiveId {
    /// Of suite events.
    pub suite: String,
    /// Of app events.
    pub app: String,
    /// Of the URL check by GET.
    pub get: String,
}

impl Default for ReceiveId {
    fn default() -> Self {
        Self { suite: "suiteId".to_owned(), app: "corpId".to_owned(), get: "providerCorpId".to_owned() }
    }
}

impl<'de> Deserialize<'de> for ReceiveId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Each {
            suite: Option<String>,
            app: Option<String>,
            get: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            All(String),
            Each(Each),
        }
        let each = match Form::deserialize(deserializer)? {
            Form::All(text) => Each { suite: Some(text.clone()), app: Some(text.clone()), get: Some(text) },
            Form::Each(each) => each,
        };
        let usual = Self::default();
        Ok(Self {
            suite: each.suite.unwrap_or(usual.suite),
            app: each.app.unwrap_or(usual.app),
            get: each.get.unwrap_or(usual.get),
        })
    }
}

/// In which form ids are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum IdForm {
    /// Each company as it was set up: `ww…` with plain userids, `wp…` with encrypted ones.
    Listed,
    /// All plain, as for apps that were authorised before 2022-06-28.
    Plain,
    /// All encrypted for the provider (D/97104).
    Encrypted,
}

/// How pushes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// XML.
    Xml,
    /// JSON.
    Json,
}

/// Which pushes a switch is about: `true`, `false`, a number (the next so many), or names of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Which {
    /// All or none.
    Every(bool),
    /// The next so many.
    Next(u32),
    /// Those with these InfoTypes or Events.
    Named(Vec<String>),
}

impl Which {
    /// Whether the switch is about this event; a number is counted down.
    pub(crate) fn take(&mut self, event: &str) -> bool {
        match self {
            Self::Every(all) => *all,
            Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
            Self::Named(names) => names.iter().any(|name| name == event),
        }
    }

    pub(crate) const fn is_off(&self) -> bool {
        matches!(self, Self::Every(false) | Self::Next(0))
    }
}

/// Which companies a switch is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Whose {
    /// All or none.
    All(bool),
    /// Those with these ids.
    Listed(Vec<String>),
}

impl Whose {
    pub(crate) fn is(&self, corp: &super::Corp) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Listed(ids) => ids.iter().any(|id| corp.is(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_down() {
        let mut which = Which::Next(1);
        assert!(which.take("change_auth"));
        assert!(!which.take("change_auth"));
        assert!(which.is_off());
    }
}
