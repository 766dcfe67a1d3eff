//! The values of settings that select something: id forms, callback formats, events, corps.

use serde::{Deserialize, Deserializer, Serialize};

use super::Corp;

/// The receiveid of each kind of push: `suiteId`, `corpId`, `providerCorpId`, or any other text,
/// used verbatim. In JSON, one text sets all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceiveId {
    /// Of suite events.
    pub suite: String,
    /// Of app events.
    pub app: String,
    /// Of the URL verification by GET.
    pub get: String,
}

impl Default for ReceiveId {
    fn default() -> Self {
        Self {
            suite: "suiteId".to_owned(),
            app: "corpId".to_owned(),
            get: "providerCorpId".to_owned(),
        }
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
            Form::All(text) => Each {
                suite: Some(text.clone()),
                app: Some(text.clone()),
                get: Some(text),
            },
            Form::Each(each) => each,
        };
        let default = Self::default();
        Ok(Self {
            suite: each.suite.unwrap_or(default.suite),
            app: each.app.unwrap_or(default.app),
            get: each.get.unwrap_or(default.get),
        })
    }
}

/// The form in which corp ids and userids are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum IdForm {
    /// Each app as it was authorized or migrated; without one, each corp as it was set up: `ww…` with
    /// plain userids, `wp…` with encrypted ones.
    Listed,
    /// All plain, as for apps that were authorized before 2022-06-28.
    Plain,
    /// All encrypted for the provider (D/97104).
    Encrypted,
}

/// The format of pushed callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CallbackFormat {
    /// XML.
    Xml,
    /// JSON.
    Json,
}

/// The events that a setting applies to: `true`, `false`, a number (the next N events), or event
/// names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum EventSelector {
    /// All or none.
    All(bool),
    /// The next N events.
    Next(u32),
    /// Events with these InfoTypes or Events.
    Named(Vec<String>),
}

impl EventSelector {
    /// Whether the setting applies to this event. Decrements [`Self::Next`].
    pub(crate) fn select(&mut self, event: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
            Self::Named(names) => names.iter().any(|name| name == event),
        }
    }

    pub(crate) const fn is_off(&self) -> bool {
        matches!(self, Self::All(false) | Self::Next(0))
    }
}

/// The corps that a setting applies to: `true`, `false`, or corp ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CorpSelector {
    /// All or none.
    All(bool),
    /// Corps with these ids.
    Listed(Vec<String>),
}

impl CorpSelector {
    pub(crate) fn includes(&self, corp: &Corp) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Listed(ids) => ids.iter().any(|id| corp.has_id(id)),
        }
    }
}

/// What `service/get_corp_token` answers a 代开发 suite: `false` refuses it with 40084, as seen live;
/// `true` opens it; a number refuses it with that errcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CorpTokenAccess {
    /// Open, or refused with 40084.
    Open(bool),
    /// Refused with this errcode.
    Errcode(i64),
}

impl CorpTokenAccess {
    /// The errcode of the refusal; `None` if the call is open.
    pub(crate) const fn refusal(self) -> Option<i64> {
        match self {
            Self::Open(true) => None,
            Self::Open(false) => Some(40084),
            Self::Errcode(errcode) => Some(errcode),
        }
    }
}

/// What `license/get_app_license_info` says of an app (D/97194).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LicenceStatus {
    /// Licenses are checked after the trial, which runs while members have one and is over otherwise.
    Trial,
    /// Licenses are checked, and the trial is over.
    Paid,
    /// Licenses are not checked for this corp.
    Unchecked,
}

/// The numbers of calls of one API beyond which it answers 45009 until the window ends: `true` for
/// WeCom's numbers, `false` for none, or numbers (D/96212).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum FrequencyLimits {
    /// WeCom's numbers, or no limit.
    Switch(bool),
    /// These numbers.
    Each(CallLimits),
}

/// Numbers of calls of one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CallLimits {
    /// By one corp in a minute.
    pub corp_per_minute: u64,
    /// By one corp in an hour.
    pub corp_per_hour: u64,
    /// By one address in a minute.
    pub address_per_minute: u64,
    /// By one address in an hour.
    pub address_per_hour: u64,
}

impl Default for CallLimits {
    /// WeCom's numbers; those of an address are a provider's.
    fn default() -> Self {
        Self {
            corp_per_minute: 10_000,
            corp_per_hour: 150_000,
            address_per_minute: 40_000,
            address_per_hour: 1_200_000,
        }
    }
}

impl FrequencyLimits {
    /// The numbers, if there are any.
    pub(crate) fn limits(self) -> Option<CallLimits> {
        match self {
            Self::Switch(false) => None,
            Self::Switch(true) => Some(CallLimits::default()),
            Self::Each(limits) => Some(limits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn select_decrements_next_until_off() {
        let mut selector = EventSelector::Next(1);
        assert!(selector.select("change_auth"));
        assert!(!selector.select("change_auth"));
        assert!(selector.is_off());
    }
}
