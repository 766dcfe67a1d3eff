//! The inbox: every authenticated event is stored once before WeCom is answered, and found again if it is redelivered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::sync::mpsc;

use crate::db::entity::{callback_record, callback_seen};
use crate::db::{Sealed, Store, is_unique_violation, retry_transaction};
use crate::domain::RecordStatus;
use crate::error::Result;
use crate::failpoint;
use crate::hooks::Notifications;
use crate::inbox::delivery::{Delivery, IncomingEvent};
use crate::inbox::lane::{Lane, LaneWaker};
use crate::inbox::recent::{Lookup, RecentEvents, Redelivery};
use crate::vault::{CALLBACK_PAYLOAD, KeyRing};

/// How long an AuthCode is valid (D/100965).
pub(super) const AUTH_CODE_TTL: Duration = Duration::from_mins(10);

/// Stores events.
#[derive(Clone)]
pub(crate) struct Inbox {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    keys: KeyRing,
    notifications: Notifications,
    waker: Arc<LaneWaker>,
    recent: RecentEvents,
    redeliveries: mpsc::UnboundedSender<Redelivery>,
}

impl Inbox {
    pub(crate) fn new(
        store: Store,
        keys: KeyRing,
        notifications: Notifications,
        waker: Arc<LaneWaker>,
        redeliveries: mpsc::UnboundedSender<Redelivery>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                keys,
                notifications,
                waker,
                recent: RecentEvents::new(),
                redeliveries,
            }),
        }
    }

    /// Stores an event. Returns whether it is new. `success` may be answered once this has returned.
    pub(crate) async fn store(&self, event: &IncomingEvent) -> Result<bool> {
        if let Lookup::Known(redelivery) = self.inner.recent.redeliver(&event.hash) {
            if let Some(redelivery) = redelivery {
                // The receiver is gone only while the handle shuts down.
                let _ = self.inner.redeliveries.send(redelivery);
            }
            return Ok(false);
        }
        failpoint::reach("inbox/arrived");
        let is_ignored = matches!(event.delivery, Delivery::Ignore);
        let hash = event.hash;
        let (record_id, is_new) = retry_transaction(|| self.store_once(event)).await?;
        if is_ignored {
            self.cache_settled(&hash, record_id);
        }
        self.inner.waker.wake(Lane::of(&event.event));
        Ok(is_new)
    }

    /// A record is settled: redeliveries of its event are answered from memory.
    pub(crate) fn cache_settled(&self, hash: &[u8], record_id: i64) {
        self.inner.recent.insert(hash, record_id);
    }

    /// A record failed: the next redelivery of its event has to reach the database.
    pub(crate) fn invalidate(&self, hash: &[u8]) {
        self.inner.recent.invalidate(hash);
    }

    /// The database may have lost the newest events.
    pub(crate) fn invalidate_all(&self) {
        self.inner.recent.invalidate_all();
    }

    /// Counts redeliveries in the record.
    pub(crate) async fn record_redelivery(&self, redelivery: &Redelivery) -> Result<()> {
        let times = redelivery.take_duplicates();
        self.add_duplicates(redelivery.record_id(), times).await
    }

    /// Returns the id of the event's record, and whether it is new.
    async fn store_once(&self, event: &IncomingEvent) -> Result<(i64, bool)> {
        if let Some(record_id) = self.find_record(&event.hash).await? {
            return self.store_redelivery(record_id, event).await;
        }
        let now = self.inner.store.now();
        let hash = event.hash;
        let (status, payload, deadline) = match &event.delivery {
            Delivery::Ignore => (RecordStatus::Ignored, None, None),
            Delivery::Once {
                payload,
                auth_code_since,
            } => {
                let deadline = auth_code_since.map(|since| Ord::min(since, now) + AUTH_CODE_TTL);
                (
                    RecordStatus::Waiting,
                    Some(self.seal(&hash, payload)?),
                    deadline,
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
            unspent_attempts: Set(0),
            ambiguous_suite: Set(event.ambiguous_suite),
            ..Default::default()
        };
        let transaction = self.inner.store.begin().await?;
        let record_id = callback_record::Entity::insert(row)
            .exec(&transaction)
            .await?
            .last_insert_id;
        let hash_row = callback_seen::ActiveModel {
            hash: Set(hash.to_vec()),
            record_id: Set(record_id),
            seen_at: Set(now),
        };
        match callback_seen::Entity::insert(hash_row)
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {
                if let Some(unhandled) = &event.unhandled {
                    let notifications = &self.inner.notifications;
                    notifications.append(&transaction, unhandled).await?;
                }
                failpoint::reach("inbox/inserted");
                transaction.commit().await?;
                failpoint::reach("inbox/stored");
                Ok((record_id, true))
            }
            Err(error) if is_unique_violation(&error) => {
                transaction.rollback().await?;
                match self.find_record(&hash).await? {
                    Some(record_id) => self.store_redelivery(record_id, event).await,
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The event was redelivered. A failed record is retried, and an idempotent re-read runs again.
    async fn store_redelivery(&self, record_id: i64, event: &IncomingEvent) -> Result<(i64, bool)> {
        use callback_record::{Column, Entity};
        self.add_duplicates(record_id, 1).await?;
        let (payload, rerun) = match &event.delivery {
            Delivery::Ignore => return Ok((record_id, false)),
            Delivery::Once { payload, .. } => (payload, vec![RecordStatus::Failed]),
            Delivery::EveryTime { payload } => {
                (payload, vec![RecordStatus::Failed, RecordStatus::Succeeded])
            }
        };
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(RecordStatus::Waiting))
            // An exchanged record holds WeCom's answer, which has no second copy. The event has.
            .col_expr(
                Column::Payload,
                Expr::case(
                    Expr::col(Column::OneTimeStepDone).eq(true),
                    Expr::col(Column::Payload),
                )
                .finally(Expr::value(self.seal(&event.hash, payload)?))
                .into(),
            )
            .col_expr(Column::DueAt, Expr::value(self.inner.store.now()))
            .filter(Column::Id.eq(record_id))
            .filter(Column::Status.is_in(rerun))
            .exec(self.inner.store.database())
            .await?;
        Ok((record_id, false))
    }

    async fn find_record(&self, hash: &[u8; 32]) -> Result<Option<i64>> {
        let row = callback_seen::Entity::find_by_id(hash.to_vec())
            .one(self.inner.store.database())
            .await?;
        Ok(row.map(|row| row.record_id))
    }

    async fn add_duplicates(&self, record_id: i64, times: i32) -> Result<()> {
        use callback_record::{Column, Entity};
        Entity::update_many()
            .col_expr(Column::Duplicates, Expr::col(Column::Duplicates).add(times))
            .filter(Column::Id.eq(record_id))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }

    fn seal(&self, hash: &[u8; 32], payload: &[u8]) -> Result<Sealed> {
        self.inner
            .keys
            .seal(CALLBACK_PAYLOAD.aad_context(&[hash]), payload)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}
