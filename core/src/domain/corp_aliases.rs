//! The corps of a service by every id that they are known by.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::{CorpId, SuiteId};

/// Which ids are one corp, in memory: an alias, and the id that everything about the corp is stored under. WeCom or an
/// administrator said so; ids that only look alike are different corps. Cheap to clone; all clones share the pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct CorpAliases {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    by_suite: HashMap<SuiteId, SuiteAliases>,
    /// Counts changes: what a read brings that began before one may be from before it.
    version: u64,
}

/// A read of the stored pairs, with the version of those in memory when it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AliasRead(u64);

#[derive(Debug, Default, PartialEq, Eq)]
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
        let inner = self.inner.read();
        inner
            .by_suite
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
        self.inner
            .read()
            .by_suite
            .get(suite_id)
            .is_some_and(|aliases| {
                aliases.stored.contains_key(&normalized) || aliases.targets.contains(&normalized)
            })
    }

    /// The other ids of a corp that is stored under this one.
    pub(crate) fn of(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Vec<CorpId> {
        let inner = self.inner.read();
        let Some(aliases) = inner.by_suite.get(suite_id) else {
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

    /// Begins a read of the stored pairs, which [`replace`](Self::replace) or [`replace_all`](Self::replace_all) applies.
    pub(crate) fn begin_read(&self) -> AliasRead {
        AliasRead(self.inner.read().version)
    }

    /// Adds an alias that was just stored, in place of what the same id was an alias of before.
    pub(crate) fn insert(&self, alias: CorpAlias) {
        let mut inner = self.inner.write();
        inner.version += 1;
        inner
            .by_suite
            .entry(alias.suite_id)
            .or_default()
            .insert(&alias.alias, alias.corp_id);
    }

    /// Replaces what these ids are aliases of. Returns `false`, and does nothing, if another change was applied since the
    /// read began: then they have to be read once more.
    #[must_use = "what was read may be out of date"]
    pub(crate) fn replace(
        &self,
        read: AliasRead,
        suite_id: &SuiteId,
        corp_ids: &[CorpId],
        aliases: &[CorpAlias],
    ) -> bool {
        let mut inner = self.inner.write();
        let of_suite = inner.by_suite.entry(suite_id.clone()).or_default();
        let is_known = |alias: &CorpAlias| {
            of_suite.stored.get(&alias.alias.normalized()) == Some(&alias.corp_id)
        };
        let is_named = |corp_id: &CorpId| {
            let mut named = aliases.iter().map(|alias| alias.alias.normalized());
            named.any(|alias| alias == *corp_id)
        };
        let is_gone =
            |corp_id: &CorpId| of_suite.stored.contains_key(corp_id) && !is_named(corp_id);
        // Most find nothing new, and make no other read out of date.
        if aliases.iter().all(is_known) && !corp_ids.iter().any(is_gone) {
            return true;
        }
        if read.0 != inner.version {
            return false;
        }
        let of_suite = inner.by_suite.entry(suite_id.clone()).or_default();
        for corp_id in corp_ids {
            of_suite.stored.remove(corp_id);
        }
        for alias in aliases {
            of_suite.insert(&alias.alias, alias.corp_id.clone());
        }
        inner.version += 1;
        true
    }

    /// Replaces all aliases by these. Returns `false`, and does nothing, if another change was applied since the read
    /// began: then they have to be read once more.
    #[must_use = "what was read may be out of date"]
    pub(crate) fn replace_all(
        &self,
        read: AliasRead,
        aliases: impl IntoIterator<Item = CorpAlias>,
    ) -> bool {
        let mut by_suite: HashMap<SuiteId, SuiteAliases> = HashMap::new();
        for alias in aliases {
            by_suite
                .entry(alias.suite_id)
                .or_default()
                .insert(&alias.alias, alias.corp_id);
        }
        let mut inner = self.inner.write();
        if inner.by_suite == by_suite {
            return true;
        }
        if read.0 != inner.version {
            return false;
        }
        let version = inner.version + 1;
        *inner = Inner { by_suite, version };
        true
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

    fn pair(alias: &str, corp_id: &str) -> CorpAlias {
        CorpAlias {
            suite_id: SuiteId::new("dk1").unwrap(),
            alias: id(alias),
            corp_id: id(corp_id),
        }
    }

    #[test]
    fn read_does_not_undo_a_change_that_was_applied_since_it_began() {
        let (aliases, suite_id) = (CorpAliases::default(), SuiteId::new("dk1").unwrap());
        // Before the corp's first authorization its encrypted id was taken for the one that is stored. Which of two reads
        // was answered first is not known: both began before either was applied.
        let (one, other) = (aliases.begin_read(), aliases.begin_read());
        assert!(aliases.replace_all(one, [pair("wpA", "ww1")]));
        assert!(!aliases.replace_all(other, [pair("ww1", "wpA")]));
        assert!(!aliases.replace(other, &suite_id, &[id("ww1")], &[pair("ww1", "wpA")]));
        assert_eq!(aliases.resolve(&suite_id, &id("ww1")), id("ww1"));
    }

    #[test]
    fn read_says_when_it_was_not_applied() {
        let (aliases, suite_id) = with_alias("ww1", "wpA");
        // What another corp's alias made out of date is read again, and not left as it was.
        let read = aliases.begin_read();
        aliases.insert(pair("wpB", "ww3"));
        let now = [pair("wpA", "ww1")];
        assert!(!aliases.replace(read, &suite_id, &[id("ww1")], &now));
        assert!(aliases.replace(aliases.begin_read(), &suite_id, &[id("ww1")], &now));
        assert_eq!(aliases.resolve(&suite_id, &id("wpA")), id("ww1"));
    }

    #[test]
    fn read_that_finds_nothing_new_makes_no_other_out_of_date() {
        let (aliases, suite_id) = with_alias("wpA", "ww1");
        let (all, one) = (aliases.begin_read(), aliases.begin_read());
        assert!(aliases.replace(one, &suite_id, &[id("ww1")], &[pair("wpA", "ww1")]));
        assert!(aliases.replace(one, &suite_id, &[id("ww2")], &[]));
        assert!(aliases.replace_all(one, [pair("wpA", "ww1")]));
        assert!(aliases.replace_all(all, [pair("wpA", "ww1"), pair("wpB", "ww3")]));
        assert_eq!(aliases.resolve(&suite_id, &id("wpB")), id("ww3"));
    }
}
