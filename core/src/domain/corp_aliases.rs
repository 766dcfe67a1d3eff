//! The corps of a service by every id that they are known by.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::{CorpId, SuiteId};

/// Which ids are one corp, in memory: an alias, and the id that everything about the corp is stored under. WeCom or an
/// administrator said so; ids that only look alike are different corps. Cheap to clone; all clones share the pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct CorpAliases {
    by_suite: Arc<RwLock<HashMap<SuiteId, SuiteAliases>>>,
}

#[derive(Debug, Default)]
struct SuiteAliases {
    /// The normalized alias, and the id that is stored.
    stored: HashMap<CorpId, CorpId>,
    /// The ids that something is an alias of.
    targets: HashSet<CorpId>,
}

/// One alias of a corp under a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorpAlias {
    pub(crate) suite_id: SuiteId,
    pub(crate) alias: CorpId,
    pub(crate) corp_id: CorpId,
}

impl CorpAliases {
    /// The id that a corp is stored under, whichever of its ids this is. An id without a known alias is its own, plain
    /// ones in lower case.
    pub(crate) fn resolve(&self, suite_id: &SuiteId, corp_id: &CorpId) -> CorpId {
        let normalized = corp_id.normalized();
        let by_suite = self.by_suite.read();
        by_suite
            .get(suite_id)
            .and_then(|aliases| aliases.stored.get(&normalized).cloned())
            .unwrap_or(normalized)
    }

    /// Whether two ids are one corp.
    pub(crate) fn is_same(&self, suite_id: &SuiteId, one: &CorpId, other: &CorpId) -> bool {
        one == other || self.resolve(suite_id, one) == self.resolve(suite_id, other)
    }

    /// Whether WeCom or an administrator has said which other id the corp has.
    pub(crate) fn is_resolved(&self, suite_id: &SuiteId, corp_id: &CorpId) -> bool {
        let normalized = corp_id.normalized();
        self.by_suite.read().get(suite_id).is_some_and(|aliases| {
            aliases.stored.contains_key(&normalized) || aliases.targets.contains(&normalized)
        })
    }

    /// The other ids of a corp that is stored under this one.
    pub(crate) fn of(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Vec<CorpId> {
        let by_suite = self.by_suite.read();
        let Some(aliases) = by_suite.get(suite_id) else {
            return Vec::new();
        };
        let of_corp = aliases
            .stored
            .iter()
            .filter(|(alias, stored)| *stored == corp_id && **alias != corp_id.normalized());
        let mut of_corp: Vec<CorpId> = of_corp.map(|(alias, _)| alias.clone()).collect();
        of_corp.sort_unstable();
        of_corp
    }

    /// Adds an alias, in place of what the same id was an alias of before.
    pub(crate) fn insert(&self, alias: CorpAlias) {
        let mut by_suite = self.by_suite.write();
        by_suite
            .entry(alias.suite_id)
            .or_default()
            .insert(&alias.alias, alias.corp_id);
    }

    /// Replaces what these ids are aliases of.
    pub(crate) fn replace(
        &self,
        suite_id: &SuiteId,
        corp_ids: &[CorpId],
        aliases: impl IntoIterator<Item = CorpAlias>,
    ) {
        let mut by_suite = self.by_suite.write();
        let of_suite = by_suite.entry(suite_id.clone()).or_default();
        for corp_id in corp_ids {
            of_suite.stored.remove(corp_id);
        }
        for alias in aliases {
            of_suite.insert(&alias.alias, alias.corp_id);
        }
    }

    /// Replaces all aliases by these.
    pub(crate) fn replace_all(&self, aliases: impl IntoIterator<Item = CorpAlias>) {
        let mut by_suite: HashMap<SuiteId, SuiteAliases> = HashMap::new();
        for alias in aliases {
            by_suite
                .entry(alias.suite_id)
                .or_default()
                .insert(&alias.alias, alias.corp_id);
        }
        *self.by_suite.write() = by_suite;
    }
}

impl SuiteAliases {
    fn insert(&mut self, alias: &CorpId, corp_id: CorpId) {
        let normalized = corp_id.normalized();
        if normalized != corp_id {
            // An earlier version stored it as it was spelled.
            self.stored.insert(normalized.clone(), corp_id.clone());
        }
        self.targets.insert(normalized);
        self.stored.insert(alias.normalized(), corp_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CorpId {
        CorpId::new(text).unwrap()
    }

    fn with_alias(alias: &str, corp_id: &str) -> (CorpAliases, SuiteId) {
        let (aliases, suite_id) = (CorpAliases::default(), SuiteId::new("dk1").unwrap());
        aliases.insert(CorpAlias {
            suite_id: suite_id.clone(),
            alias: id(alias),
            corp_id: id(corp_id),
        });
        (aliases, suite_id)
    }

    #[test]
    fn resolve_finds_the_stored_id_by_either() {
        let (aliases, suite) = with_alias("wpAb", "ww1A");
        assert_eq!(aliases.resolve(&suite, &id("wpAb")), id("ww1A"));
        assert!(aliases.is_same(&suite, &id("wpAb"), &id("ww1A")));
        assert!(
            aliases.is_resolved(&suite, &id("wpAb")) && aliases.is_resolved(&suite, &id("WW1a"))
        );
        assert_eq!(aliases.of(&suite, &id("ww1A")), [id("wpAb")]);
    }

    #[test]
    fn resolve_ignores_case_of_plain_ids_only() {
        let (aliases, suite) = with_alias("ww1a", "wpAb");
        assert_eq!(aliases.resolve(&suite, &id("WW1A")), id("wpAb"));
        assert_eq!(aliases.resolve(&suite, &id("WW2B")), id("ww2b"));
        assert_eq!(aliases.resolve(&suite, &id("wpab")), id("wpab"));
        assert!(!aliases.is_same(&suite, &id("wpab"), &id("wpAb")));
    }

    #[test]
    fn resolve_is_of_one_suite() {
        let (aliases, _) = with_alias("ww1", "wpA");
        let other = SuiteId::new("dk2").unwrap();
        assert_eq!(aliases.resolve(&other, &id("ww1")), id("ww1"));
        assert!(!aliases.is_resolved(&other, &id("ww1")));
    }
}
