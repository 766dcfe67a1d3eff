//! The inbox: every authenticated event is stored before WeCom is answered, once, and found again if it comes again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::sync::{Notify, mpsc};

use crate::clock::Timestamp;
use crate::db::entity::{callback_record, callback_seen};
use crate::db::{Sealed, Store, is_unique_violation, retry_transaction};
use crate::domain::RecordStatus;
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;
use crate::failpoint;
use crate::vault::{CALLBACK_PAYLOAD, KeyRing};

/// An AuthCode lives ten minutes (D/100965).
const AUTH_CODE_TTL: Duration = Duration::from_mins(10);
/// How many of the newest events are answered from memory when they come again.
const MAX_RECENT_EVENTS: u64 = 1024;

/// What an event is, as far as storing it needs.
#[derive(Debug)]
pub(crate) struct IncomingEvent {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: Option<CorpId>,
    /// WeCom's InfoType or Event.
    pub(crate) event: String,
    pub(crate) hash: [u8; 32],
    /// Another suite may be meant; it is recorded for that one too.
    pub(crate) ambiguous_suite: bool,
    pub(crate) delivery: Delivery,
}

/// What is to be done about it.
pub(crate) enum Delivery {
    /// Nothing: it is recorded without its payload.
    Ignore,
    /// Once.
    Once {
        payload: Vec<u8>,
        /// WeCom's time of an event that brings an AuthCode.
        auth_code_since: Option<Timestamp>,
    },
    /// Again, if it comes again after its first run began: it only makes us read.
    EveryTime { payload: Vec<u8> },
}

impl fmt::Debug for Delivery {
    /// Without the payload: it may hold an AuthCode or a ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignore => "Ignore",
            Self::Once { .. } => "Once",
            Self::EveryTime { .. } => "EveryTime",
        })
    }
}

/// An event that came lately.
#[derive(Debug)]
struct RecentEvent {
    record_id: i64,
    /// How often it came again, not yet written.
    duplicates: AtomicI32,
}

/// Events that came again and were answered from memory; the worker writes how many.
#[derive(Debug)]
pub(crate) struct Redelivery(Arc<RecentEvent>);

#[derive(Clone)]
pub(crate) struct Inbox(Arc<Inner>);

struct Inner {
    store: Store,
    keys: KeyRing,
    /// Wakes the worker.
    arrived: Arc<Notify>,
    recent: moka::sync::Cache<[u8; 32], Arc<RecentEvent>>,
    redeliveries: mpsc::UnboundedSender<Redelivery>,
}

impl Inbox {
    pub(crate) fn new(
        store: Store,
        keys: KeyRing,
        arrived: Arc<Notify>,
        redeliveries: mpsc::UnboundedSender<Redelivery>,
    ) -> Self {
        let newest = EvictionPolicy::lru();
        let recent = moka::sync::Cache::builder()
            .max_capacity(MAX_RECENT_EVENTS)
            .eviction_policy(newest)
            .build();
        Self(Arc::new(Inner {
            store,
            keys,
            arrived,
            recent,
            redeliveries,
        }))
    }

    /// The database may not have the events any more that came lately.
    pub(crate) fn invalidate_all(&self) {
        self.0.recent.invalidate_all();
    }

    /// Stores an event; says whether it is new. When this returns, `success` may be answered.
    pub(crate) async fn store(&self, event: IncomingEvent) -> Result<bool> {
        if let Some(recent) = self.0.recent.get(&event.hash) {
            if recent.duplicates.fetch_add(1, Ordering::Relaxed) == 0 {
                // Nobody listens only while the handle shuts down.
                let _ = self.0.redeliveries.send(Redelivery(recent));
            }
            return Ok(false);
        }
        failpoint::reach("inbox/arrived");
        let ignored = matches!(event.delivery, Delivery::Ignore);
        let hash = event.hash;
        let (record_id, new) = retry_transaction(|| self.store_once(&event)).await?;
        if ignored {
            self.cache_settled(&hash, record_id);
        }
        self.0.arrived.notify_one();
        Ok(new)
    }

    /// A record is settled: its event is answered from memory when it comes again.
    pub(crate) fn cache_settled(&self, hash: &[u8], record_id: i64) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            self.0.recent.insert(
                hash,
                Arc::new(RecentEvent {
                    record_id,
                    duplicates: AtomicI32::new(0),
                }),
            );
        }
    }

    /// A record failed: the next arrival of its event has to reach the database.
    pub(crate) fn invalidate(&self, hash: &[u8]) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            self.0.recent.invalidate(&hash);
        }
    }

    /// Writes how often events came again.
    pub(crate) async fn record_redelivery(&self, redelivery: &Redelivery) -> Result<()> {
        let times = redelivery.0.duplicates.swap(0, Ordering::Relaxed);
        self.add_duplicates(redelivery.0.record_id, times).await
    }

    /// The record of the event, and whether it is new.
    async fn store_once(&self, event: &IncomingEvent) -> Result<(i64, bool)> {
        if let Some(seen) = self.find_record(&event.hash).await? {
            return self.store_redelivery(seen, event).await;
        }
        let now = self.0.store.now();
        let hash = event.hash;
        let (status, payload, deadline) = match &event.delivery {
            Delivery::Ignore => (RecordStatus::Ignored, None, None),
            Delivery::Once {
                payload,
                auth_code_since,
            } => {
                let since = auth_code_since.map(|since| Ord::min(since, now) + AUTH_CODE_TTL);
                (
                    RecordStatus::Waiting,
                    Some(self.seal(&hash, payload)?),
                    since,
                )
            }
            Delivery::EveryTime { payload } => (
                RecordStatus::Waiting,
                Some(self.seal(&hash, payload)?),
                None,
            ),
        };
        let row = callback_record::ActiveModel {
            suite_id: Set(event.suite_id.clone()),
            corp_id: Set(event.corp_id.clone()),
            event: Set(event.event.clone()),
            status: Set(status),
            attempts: Set(0),
            duplicates: Set(0),
            hash: Set(hash.to_vec()),
            payload: Set(payload),
            received_at: Set(now),
            deadline: Set(deadline),
            due_at: Set(now),
            one_time_step_done: Set(false),
            ambiguous_suite: Set(event.ambiguous_suite),
            ..Default::default()
        };
        let transaction = self.0.store.begin().await?;
        let record_id = callback_record::Entity::insert(row)
            .exec(&transaction)
            .await?
            .last_insert_id;
        let seen = callback_seen::ActiveModel {
            hash: Set(hash.to_vec()),
            record_id: Set(record_id),
            seen_at: Set(now),
        };
        match callback_seen::Entity::insert(seen)
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {
                failpoint::reach("inbox/inserted");
                transaction.commit().await?;
                failpoint::reach("inbox/stored");
                Ok((record_id, true))
            }
            Err(error) if is_unique_violation(&error) => {
                transaction.rollback().await?;
                match self.find_record(&hash).await? {
                    Some(seen) => self.store_redelivery(seen, event).await,
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The event came before. A failed record is tried again, and so is an event that only makes us read.
    async fn store_redelivery(&self, record_id: i64, event: &IncomingEvent) -> Result<(i64, bool)> {
        use callback_record::{Column, Entity};
        self.add_duplicates(record_id, 1).await?;
        let (payload, retried) = match &event.delivery {
            Delivery::Ignore => return Ok((record_id, false)),
            Delivery::Once { payload, .. } => (payload, vec![RecordStatus::Failed]),
            Delivery::EveryTime { payload } => {
                (payload, vec![RecordStatus::Failed, RecordStatus::Succeeded])
            }
        };
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Waiting))
            // What an AuthCode was exchanged for is not had twice; the event is.
            .col_expr(
                Column::Payload,
                Expr::case(
                    Expr::col(Column::OneTimeStepDone).eq(true),
                    Expr::col(Column::Payload),
                )
                .finally(Expr::value(self.seal(&event.hash, payload)?))
                .into(),
            )
            .col_expr(Column::DueAt, Expr::value(self.0.store.now()))
            .filter(Column::Id.eq(record_id))
            .filter(Column::Status.is_in(retried))
            .exec(self.0.store.database())
            .await?;
        Ok((record_id, false))
    }

    async fn find_record(&self, hash: &[u8; 32]) -> Result<Option<i64>> {
        let row = callback_seen::Entity::find_by_id(hash.to_vec())
            .one(self.0.store.database())
            .await?;
        Ok(row.map(|row| row.record_id))
    }

    async fn add_duplicates(&self, record_id: i64, times: i32) -> Result<()> {
        use callback_record::{Column, Entity};
        Entity::update_many()
            .col_expr(Column::Duplicates, Expr::col(Column::Duplicates).add(times))
            .filter(Column::Id.eq(record_id))
            .exec(self.0.store.database())
            .await?;
        Ok(())
    }

    fn seal(&self, hash: &[u8; 32], payload: &[u8]) -> Result<Sealed> {
        self.0
            .keys
            .seal(CALLBACK_PAYLOAD.aad_context(&[hash]), payload)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}
