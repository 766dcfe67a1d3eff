//! The refusals that the audit tells of: bounded in number, with how often each came.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::audit::{Actor, AuditAction, ClientAddresses, NewAuditEntry, append};
use crate::db::Store;
use crate::domain::CorpId;
use crate::rate_limit::RateLimiter;

/// Entries about refusals that this node writes a minute. Those beyond are counted by code, without their clients.
const MAX_ENTRIES_PER_MINUTE: u32 = 300;

/// Writes entries about refusals.
#[derive(Clone)]
pub(crate) struct RefusalAudit {
    store: Store,
    addresses: ClientAddresses,
    written: RateLimiter<()>,
    surplus: Arc<Mutex<HashMap<(AuditAction, &'static str), u64>>>,
}

impl RefusalAudit {
    pub(crate) fn new(store: Store, addresses: ClientAddresses) -> Self {
        Self {
            written: RateLimiter::new(
                "audited_refusals",
                MAX_ENTRIES_PER_MINUTE,
                Arc::clone(store.clock()),
            ),
            surplus: Arc::default(),
            store,
            addresses,
        }
    }

    /// The entry about refusals of one code and client, unless there were too many within this minute: then they are
    /// counted.
    pub(crate) fn entry(
        &self,
        action: AuditAction,
        code: &'static str,
        client: Option<IpAddr>,
        corp_id: Option<CorpId>,
        count: u64,
    ) -> Option<NewAuditEntry> {
        if self.written.acquire(()).is_err() {
            *self.surplus.lock().entry((action, code)).or_default() += count;
            return None;
        }
        let client = client.and_then(|client| self.addresses.keep(client));
        let entry = NewAuditEntry::new(Actor::Anyone, action)
            .with_code(code)
            .with_client(client)
            .times(count);
        Some(match corp_id {
            Some(corp_id) => entry.of_named_corp(corp_id),
            None => entry,
        })
    }

    /// The entries about those that were counted only.
    pub(crate) fn take_surplus(&self) -> Vec<NewAuditEntry> {
        let surplus = std::mem::take(&mut *self.surplus.lock());
        let entry = |((action, code), count)| {
            NewAuditEntry::new(Actor::Anyone, action)
                .with_code(code)
                .times(count)
        };
        surplus.into_iter().map(entry).collect()
    }

    /// Writes an entry. A failure is logged: the refusal stands, whoever hears of it.
    pub(crate) async fn write(&self, entry: &NewAuditEntry) {
        if let Err(error) = append(self.store.database(), entry, self.store.now()).await {
            tracing::info!(target: "wecom_login", ?error, "a refusal could not be written to the audit");
        }
    }
}

impl fmt::Debug for RefusalAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusalAudit")
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit::{AuditQuery, search};
    use crate::clock::{ManualClock, Timestamp};
    use crate::db::Pool;

    #[tokio::test]
    async fn flood_of_refusals_writes_a_bounded_number_of_entries_and_counts_all() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        let store = Store::open(database, Arc::new(clock.clone()), true)
            .await
            .unwrap();
        let audit = RefusalAudit::new(store.clone(), ClientAddresses::Cut);
        let refuse = |number: u32| {
            let client = IpAddr::V4(number.into());
            audit.entry(
                AuditAction::LoginRefused,
                "CODE_INVALID",
                Some(client),
                None,
                2,
            )
        };
        let entries: Vec<_> = (0..1_000).filter_map(refuse).collect();
        assert_eq!(entries.len(), 300);
        for entry in entries.iter().chain(&audit.take_surplus()) {
            audit.write(entry).await;
        }
        assert!(audit.take_surplus().is_empty());
        let page = search(&store, &AuditQuery::new(), Vec::new(), 500)
            .await
            .unwrap();
        assert_eq!(page.items.len(), 301);
        assert_eq!(
            page.items.iter().map(|entry| entry.count).sum::<i64>(),
            2_000
        );
        assert_eq!(page.items[1].client.as_deref(), Some("0.0.1.0"));
        clock.advance(Duration::from_mins(1));
        assert!(refuse(0).is_some());
    }
}
