//! The attributes of users with live sessions: one cell for each member, which all sessions of the member share. A refresh
//! replaces what is in the cell; a hit of the session cache does not look at it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use crate::domain::{Attributes, Principal};
use crate::error::Result;
use crate::session::Sessions;

/// Below this number of cells, those that no session holds are not removed.
const MIN_CELLS_TO_PRUNE: usize = 1024;

/// The attributes of a member as they are stored. Of two, those of the higher version are newer.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredAttributes {
    pub(crate) version: i64,
    pub(crate) attributes: Arc<Attributes>,
}

impl StoredAttributes {
    pub(crate) fn parse(version: i64, text: Option<&str>) -> Result<Self> {
        Ok(Self {
            version,
            attributes: Arc::new(Attributes::from_stored(text)?),
        })
    }
}

/// The newest attributes of a member that this node knows.
#[derive(Debug)]
pub(crate) struct SharedAttributes {
    newest: RwLock<StoredAttributes>,
}

impl SharedAttributes {
    pub(super) fn load(&self) -> Arc<Attributes> {
        Arc::clone(&self.newest.read().attributes)
    }

    fn advance(&self, stored: StoredAttributes) {
        let mut newest = self.newest.write();
        if stored.version > newest.version {
            *newest = stored;
        }
    }
}

/// The cells. One lives as long as a session holds it.
#[derive(Debug)]
pub(super) struct AttributeCells {
    cells: Mutex<Cells>,
    /// How many changes came, to members with a cell or without one.
    changes: AtomicU64,
}

#[derive(Debug)]
struct Cells {
    by_member: HashMap<Arc<Principal>, Weak<SharedAttributes>>,
    prune_at: usize,
}

impl Default for AttributeCells {
    fn default() -> Self {
        Self {
            cells: Mutex::new(Cells {
                by_member: HashMap::new(),
                prune_at: MIN_CELLS_TO_PRUNE,
            }),
            changes: AtomicU64::new(0),
        }
    }
}

impl AttributeCells {
    /// The cell of a member whose stored attributes were read just now.
    pub(super) fn track(
        &self,
        principal: &Arc<Principal>,
        stored: StoredAttributes,
    ) -> Arc<SharedAttributes> {
        let mut cells = self.cells.lock();
        if let Some(cell) = cells.by_member.get(principal).and_then(Weak::upgrade) {
            drop(cells);
            cell.advance(stored);
            return cell;
        }
        if cells.by_member.len() >= cells.prune_at {
            cells.by_member.retain(|_, cell| cell.strong_count() > 0);
            cells.prune_at = MIN_CELLS_TO_PRUNE.max(2 * cells.by_member.len());
        }
        let cell = Arc::new(SharedAttributes {
            newest: RwLock::new(stored),
        });
        cells
            .by_member
            .insert(Arc::clone(principal), Arc::downgrade(&cell));
        cell
    }

    /// Changes so far. Where this differs before a member was read and after the cell was made, a change may have come in
    /// between, and found no cell.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The cell of a member whose attributes changed. Counted first, so that whoever makes the cell later sees it.
    fn find_changed(&self, principal: &Principal) -> Option<Arc<SharedAttributes>> {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.find(principal)
    }

    fn find(&self, principal: &Principal) -> Option<Arc<SharedAttributes>> {
        let cells = self.cells.lock();
        cells.by_member.get(principal).and_then(Weak::upgrade)
    }

    pub(super) fn forget(&self, principal: &Principal) {
        self.cells.lock().by_member.remove(principal);
    }

    /// Takes whatever is read next for the newest: the database may be an older one.
    pub(super) fn distrust(&self) {
        let cells = self.cells.lock();
        for cell in cells.by_member.values().filter_map(Weak::upgrade) {
            cell.newest.write().version = i64::MIN;
        }
    }
}

impl Sessions {
    /// Applies the stored attributes of a member to the sessions on this node.
    pub(crate) fn apply_attributes(&self, principal: &Principal, stored: StoredAttributes) {
        if let Some(cell) = self.inner.attributes.find_changed(principal) {
            cell.advance(stored);
        }
    }

    /// Whether a session of a member whose attributes changed is in memory here. One that is being loaded reads them again.
    pub(crate) fn has_changed_attributes(&self, principal: &Principal) -> bool {
        self.inner.attributes.find_changed(principal).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CorpId, SuiteId, WecomUserId};

    fn stored(version: i64, role: &str) -> StoredAttributes {
        StoredAttributes {
            version,
            attributes: Arc::new(Attributes::new().with("role", role)),
        }
    }

    #[test]
    fn older_attributes_replace_newer_ones_only_of_another_database() {
        let cells = AttributeCells::default();
        let principal = Arc::new(Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("a").unwrap(),
        ));
        let role = |cell: &SharedAttributes| cell.load().get("role").cloned().unwrap();
        let cell = cells.track(&principal, stored(2, "b"));
        // A load that began before the refresh.
        assert!(Arc::ptr_eq(&cells.track(&principal, stored(1, "a")), &cell));
        assert_eq!(role(&cell), "b");
        cells.distrust();
        cells.track(&principal, stored(1, "a"));
        assert_eq!(role(&cell), "a");
        // The member was erased: who comes under this id is another person.
        cells.forget(&principal);
        assert!(!Arc::ptr_eq(
            &cells.track(&principal, stored(0, "c")),
            &cell
        ));
        drop(cell);
        assert!(cells.find(&principal).is_none(), "no session holds it");
    }

    #[test]
    fn change_that_finds_no_cell_is_seen_by_who_makes_it() {
        let cells = AttributeCells::default();
        let principal = Arc::new(Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("a").unwrap(),
        ));
        let before = cells.changes();
        assert!(cells.find_changed(&principal).is_none());
        let _cell = cells.track(&principal, stored(1, "a"));
        assert_ne!(cells.changes(), before);
        let before = cells.changes();
        assert!(cells.find_changed(&principal).is_some());
        assert_ne!(cells.changes(), before);
    }
}
