//! The attributes that other nodes changed: read again by one task, a few members at a time.

use std::collections::HashSet;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::Principal;
use crate::error::ErrorKind;
use crate::members::Members;

/// Members that are read at a time.
const CONCURRENT_READS: usize = 8;
/// The pause before attributes are read again that could not be read.
const PAUSE: Duration = Duration::from_millis(300);

/// The members to read. One is in it once, however often it changes meanwhile.
#[derive(Clone)]
pub(super) struct AttributeRereads {
    inner: Arc<Inner>,
}

struct Inner {
    members: Members,
    due: Mutex<HashSet<Principal>>,
    added: Notify,
}

impl AttributeRereads {
    pub(super) fn new(members: Members) -> Self {
        Self {
            inner: Arc::new(Inner {
                members,
                due: Mutex::default(),
                added: Notify::new(),
            }),
        }
    }

    /// Has the attributes of a member read again, soon.
    pub(super) fn request(&self, principal: Principal) {
        self.inner.due.lock().insert(principal);
        self.inner.added.notify_one();
    }

    /// Reads what is requested, until dropped.
    pub(super) async fn run(self) {
        loop {
            let due = mem::take(&mut *self.inner.due.lock());
            if due.is_empty() {
                self.inner.added.notified().await;
                continue;
            }
            let reads = stream::iter(due).map(|principal| self.read(principal));
            let failed: Vec<Principal> = reads
                .buffer_unordered(CONCURRENT_READS)
                .filter_map(async |failed| failed)
                .collect()
                .await;
            if !failed.is_empty() {
                self.inner.due.lock().extend(failed);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Reads one. Returns it if the database did not answer.
    async fn read(&self, principal: Principal) -> Option<Principal> {
        let read = self.inner.members.reread_attributes(&principal);
        let error = match AssertUnwindSafe(read).catch_unwind().await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(_) => {
                tracing::error!(target: "wecom_login", "reading the attributes of a user again panicked");
                return None;
            }
        };
        if error.kind() == ErrorKind::StoreUnavailable {
            tracing::warn!(
                target: "wecom_login", ?error,
                "the attributes of a user could not be read again; retrying"
            );
            return Some(principal);
        }
        tracing::error!(
            target: "wecom_login", ?error,
            "the attributes of a user could not be read again; those before them stay"
        );
        None
    }
}
