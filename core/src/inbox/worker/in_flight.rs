//! The records that this node works on. A lease may expire under a moved clock while its holder is alive.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// The ids of the records that this node works on.
#[derive(Clone, Default)]
pub(super) struct InFlightRecords {
    ids: Arc<Mutex<HashSet<i64>>>,
}

/// A record that this node works on, until dropped.
pub(super) struct InFlight {
    records: InFlightRecords,
    id: i64,
}

impl InFlightRecords {
    /// Claims a record within this node, unless it is claimed.
    pub(super) fn try_claim_local(&self, id: i64) -> Option<InFlight> {
        self.ids.lock().insert(id).then(|| InFlight {
            records: self.clone(),
            id,
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.records.ids.lock().remove(&self.id);
    }
}
