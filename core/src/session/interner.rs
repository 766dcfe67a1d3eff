//! What many sessions have in common: suites, companies, instances. Each is in memory once.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// As many values as there are suites, companies or instances, so that none is ever forgotten.
pub(super) struct Shared<T>(Mutex<HashSet<T>>);

impl<T: Clone + Eq + Hash> Shared<T> {
    /// The one that is equal to this, as a clone of what the others hold.
    pub(super) fn one(&self, value: T) -> T {
        // A panic elsewhere cannot leave the set half-written.
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = values.get(&value) {
            return known.clone();
        }
        values.insert(value.clone());
        value
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::new(HashSet::new()))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_equal_is_one() {
        let shared = Shared::<Arc<str>>::default();
        let (one, other) = (shared.one("a".into()), shared.one("a".into()));

        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&one, &shared.one("b".into())));
    }
}
