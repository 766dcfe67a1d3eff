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
const AUTH_CODE_LIFE: Duration = Duration::from_mins(10);
/// How many of the newest events are answered from memory when they come again.
const REMEMBERED: u64 = 1024;

/// What an event is, as far as storing it needs.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) suite_id: SuiteId,
    pub(crate) corp_id: Option<CorpId>,
    /// WeCom's InfoType or Event.
    pub(crate) event: String,
    pub(crate) hash: [u8; 32],
    /// Another suite may be meant; it is recorded for that one too.
    pub(crate) ambiguous_suite: bool,
    pub(crate) work: Work,
}

/// What is to be done about it.
pub(crate) enum Work {
    /// Nothing: it is recorded without its payload.
    Ignored,
    /// Once.
    Once {
        payload: Vec<u8>,
        /// WeCom's time of an event that brings an AuthCode.
        auth_code_since: Option<Timestamp>,
    },
    /// Again, if it comes again after its first run began: it only makes us read.
    EachTime { payload: Vec<u8> },
}

impl fmt::Debug for Work {
    /// Without the payload: it may hold an AuthCode or a ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "Ignored",
            Self::Once { .. } => "Once",
            Self::EachTime { .. } => "EachTime",
        })
    }
}

/// An event that came lately.
#[derive(Debug)]
struct Remembered {
    record_id: i64,
    /// How often it came again, not yet written.
    duplicates: AtomicI32,
}

/// Events that came again and were answered from memory; the worker writes how many.
#[derive(Debug)]
pub(crate) struct Repeats(Arc<Remembered>);

#[derive(Clone)]
pub(crate) struct Inbox(Arc<Inner>);

struct Inner {
    store: Store,
    keys: KeyRing,
    /// Wakes the worker.
    arrived: Arc<Notify>,
    remembered: moka::sync::Cache<[u8; 32], Arc<Remembered>>,
    repeats: mpsc::UnboundedSender<Repeats>,
}

impl Inbox {
    pub(crate) fn new(
        store: Store,
        keys: KeyRing,
        arrived: Arc<Notify>,
        repeats: mpsc::UnboundedSender<Repeats>,
    ) -> Self {
        let newest = EvictionPolicy::lru();
        let remembered = moka::sync::Cache::builder()
            .max_capacity(REMEMBERED)
            .eviction_policy(newest)
            .build();
        Self(Arc::new(Inner {
            store,
            keys,
            arrived,
            remembered,
            repeats,
        }))
    }

    /// The database may not have the events any more that came lately.
    pub(crate) fn forget_all(&self) {
        self.0.remembered.invalidate_all();
    }

    /// Stores an event; says whether it is new. When this returns, `success` may be answered.
    pub(crate) async fn keep(&self, arrival: Arrival) -> Result<bool> {
        if let Some(remembered) = self.0.remembered.get(&arrival.hash) {
            if remembered.duplicates.fetch_add(1, Ordering::Relaxed) == 0 {
                // Nobody listens only while the handle shuts down.
                let _ = self.0.repeats.send(Repeats(remembered));
            }
            return Ok(false);
        }
        failpoint::reach("inbox/arrived");
        let ignored = matches!(arrival.work, Work::Ignored);
        let hash = arrival.hash;
        let (record_id, new) = retry_transaction(|| self.store(&arrival)).await?;
        if ignored {
            self.remember(&hash, record_id);
        }
        self.0.arrived.notify_one();
        Ok(new)
    }

    /// A record is settled: its event is answered from memory when it comes again.
    pub(crate) fn remember(&self, hash: &[u8], record_id: i64) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            self.0.remembered.insert(
                hash,
                Arc::new(Remembered {
                    record_id,
                    duplicates: AtomicI32::new(0),
                }),
            );
        }
    }

    /// A record failed: the next arrival of its event has to reach the database.
    pub(crate) fn forget(&self, hash: &[u8]) {
        if let Ok(hash) = <[u8; 32]>::try_from(hash) {
            self.0.remembered.invalidate(&hash);
        }
    }

    /// Writes how often events came again.
    pub(crate) async fn count(&self, repeats: &Repeats) -> Result<()> {
        let times = repeats.0.duplicates.swap(0, Ordering::Relaxed);
        self.add_duplicates(repeats.0.record_id, times).await
    }

    /// The record of the event, and whether it is new.
    async fn store(&self, arrival: &Arrival) -> Result<(i64, bool)> {
        if let Some(seen) = self.seen(&arrival.hash).await? {
            return self.again(seen, arrival).await;
        }
        let now = self.0.store.now();
        let hash = arrival.hash;
        let (status, payload, deadline) = match &arrival.work {
            Work::Ignored => (RecordStatus::Ignored, None, None),
            Work::Once {
                payload,
                auth_code_since,
            } => {
                let since = auth_code_since.map(|since| Ord::min(since, now) + AUTH_CODE_LIFE);
                (
                    RecordStatus::Waiting,
                    Some(self.seal(&hash, payload)?),
                    since,
                )
            }
            Work::EachTime { payload } => (
                RecordStatus::Waiting,
                Some(self.seal(&hash, payload)?),
                None,
            ),
        };
        let row = callback_record::ActiveModel {
            suite_id: Set(arrival.suite_id.clone()),
            corp_id: Set(arrival.corp_id.clone()),
            event: Set(arrival.event.clone()),
            status: Set(status),
            attempts: Set(0),
            duplicates: Set(0),
            hash: Set(hash.to_vec()),
            payload: Set(payload),
            received_at: Set(now),
            deadline: Set(deadline),
            due_at: Set(now),
            one_time_step_done: Set(false),
            ambiguous_suite: Set(arrival.ambiguous_suite),
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
                match self.seen(&hash).await? {
                    Some(seen) => self.again(seen, arrival).await,
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The event came before. A failed record is tried again, and so is an event that only makes us read.
    async fn again(&self, record_id: i64, arrival: &Arrival) -> Result<(i64, bool)> {
        use callback_record::{Column, Entity};
        self.add_duplicates(record_id, 1).await?;
        let (payload, retried) = match &arrival.work {
            Work::Ignored => return Ok((record_id, false)),
            Work::Once { payload, .. } => (payload, vec![RecordStatus::Failed]),
            Work::EachTime { payload } => {
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
                .finally(Expr::value(self.seal(&arrival.hash, payload)?))
                .into(),
            )
            .col_expr(Column::DueAt, Expr::value(self.0.store.now()))
            .filter(Column::Id.eq(record_id))
            .filter(Column::Status.is_in(retried))
            .exec(self.0.store.database())
            .await?;
        Ok((record_id, false))
    }

    async fn seen(&self, hash: &[u8; 32]) -> Result<Option<i64>> {
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
