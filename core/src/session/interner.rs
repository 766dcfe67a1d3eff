//! Interned values: suite ids, corp ids and instance names that many sessions share are in memory once.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use parking_lot::Mutex;

/// A set of values that grows to the number of suites, corps or instances. Nothing is ever evicted.
pub(super) struct Interner<T> {
    values: Mutex<HashSet<T>>,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// A clone of the interned value that equals `value`. Interns `value` if there is none.
    pub(super) fn intern(&self, value: T) -> T {
        let mut values = self.values.lock();
        if let Some(known) = values.get(&value) {
            return known.clone();
        }
        values.insert(value.clone());
        value
    }
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            values: Mutex::new(HashSet::new()),
        }
    }
}

impl<T> fmt::Debug for Interner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interner")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn intern_returns_same_arc() {
        let interner = Interner::<Arc<str>>::default();
        let (one, other) = (interner.intern("a".into()), interner.intern("a".into()));

        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&one, &interner.intern("b".into())));
    }
}
