//! The stored notifications: appended by the transaction that they are about, and limited in number.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use tokio::sync::Notify;

use crate::db::entity::notification::{ActiveModel, Column, Entity, NotificationKind};
use crate::db::{CorpColumns as _, Store, Transaction, delete_in_batches, retry_transaction};
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;
use crate::hooks::notification::Notification;
use crate::random;
use crate::vault::{KeyRing, NOTIFICATION_PAYLOAD};

/// How long an event that this library does not act on is kept for the host app.
pub(super) const UNHANDLED_EVENT_TTL: Duration = Duration::from_hours(24);
/// How many of them this node stores before the oldest are deleted again.
const PRUNE_INTERVAL_EVENTS: u64 = 100;
/// How long a review is left to the record of its authorization, which reads the corp's name and app from WeCom first.
const REVIEW_DELAY: Duration = Duration::from_secs(10);

/// What [`Notifications`] depends on.
pub(crate) struct NotificationsDeps {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    /// A node without a suite leaves the suite's notifications to other nodes.
    pub(crate) suites: Vec<SuiteId>,
    /// Whether the host app handles events that this library does not act on.
    pub(crate) keeps_unhandled_events: bool,
    /// How many of those are kept of a suite.
    pub(crate) max_unhandled_events: u64,
}

/// What is stored for the host app until it takes it.
#[derive(Clone)]
pub(crate) struct Notifications {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) keys: KeyRing,
    pub(super) suites: Vec<SuiteId>,
    keeps_unhandled_events: bool,
    max_unhandled_events: u64,
    stored_events: AtomicU64,
    /// The notifications that this node delivers: a lease may run out under a clock that is moved.
    pub(super) in_delivery: Mutex<HashSet<i64>>,
    /// Wakes the delivery.
    pub(super) wake: Arc<Notify>,
}

impl Notifications {
    pub(crate) fn new(deps: NotificationsDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                store: deps.store,
                keys: deps.keys,
                suites: deps.suites,
                keeps_unhandled_events: deps.keeps_unhandled_events,
                max_unhandled_events: deps.max_unhandled_events,
                stored_events: AtomicU64::new(0),
                in_delivery: Mutex::default(),
                wake: Arc::default(),
            }),
        }
    }

    /// Whether the host app handles events that this library does not act on.
    pub(crate) fn keeps_unhandled_events(&self) -> bool {
        self.inner.keeps_unhandled_events
    }

    /// Stores a notification, if the transaction is committed. An unhandled event is stored only if the host app handles
    /// such events.
    pub(crate) async fn append(
        &self,
        transaction: &Transaction,
        notification: &Notification,
    ) -> Result<()> {
        let kind = notification.kind();
        if kind == NotificationKind::UnhandledEvent {
            if !self.inner.keeps_unhandled_events {
                return Ok(());
            }
            self.inner.stored_events.fetch_add(1, Ordering::Relaxed);
        }
        let (suite_id, corp_id) = notification.ids();
        let now = self.inner.store.now();
        let mut due_at = now;
        if let Notification::Review { suite_id, corp_id } = notification {
            // One question about a corp is enough.
            Entity::delete_many()
                .filter(of_review(suite_id, corp_id))
                .exec(transaction)
                .await?;
            due_at = now + REVIEW_DELAY;
        }
        let seal_key: [u8; 16] = random::bytes();
        let sealed = self.inner.keys.seal(
            NOTIFICATION_PAYLOAD.aad_context(&[&seal_key]),
            &notification.encode()?,
        )?;
        let row = ActiveModel {
            kind: Set(kind),
            suite_id: Set(suite_id.clone()),
            corp_id: Set(corp_id.cloned()),
            seal_key: Set(seal_key.to_vec()),
            payload: Set(sealed),
            created_at: Set(now),
            due_at: Set(due_at),
            attempts: Set(0),
            ..Default::default()
        };
        Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
        transaction.notify_after_commit(Arc::clone(&self.inner.wake));
        Ok(())
    }

    /// Stores a notification that is not about a change of the database.
    pub(crate) async fn append_alone(&self, notification: &Notification) -> Result<()> {
        retry_transaction(|| async {
            let transaction = self.inner.store.begin().await?;
            self.append(&transaction, notification).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Makes the review of a corp due now, if there is one.
    pub(crate) async fn expedite_review(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let expedited = Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(self.inner.store.now()))
            .filter(of_review(suite_id, corp_id))
            .filter(Column::Attempts.eq(0))
            .exec(self.inner.store.database())
            .await?;
        if expedited.rows_affected > 0 {
            self.inner.wake.notify_one();
        }
        Ok(())
    }

    /// Whether so many events were stored since the last pruning that it is time for another.
    pub(super) fn is_pruning_due(&self) -> bool {
        let stored = &self.inner.stored_events;
        let is_due = stored.load(Ordering::Relaxed) >= PRUNE_INTERVAL_EVENTS;
        if is_due {
            stored.store(0, Ordering::Relaxed);
        }
        is_due
    }

    /// Deletes the unhandled events that are too old, and the oldest of a suite that has too many.
    pub(crate) async fn prune(&self) -> Result<()> {
        let store = &self.inner.store;
        let events = || Condition::all().add(Column::Kind.eq(NotificationKind::UnhandledEvent));
        let old = events().add(Column::CreatedAt.lte(store.now() - UNHANDLED_EVENT_TTL));
        let mut deleted = delete_in_batches::<Entity, i64>(store, Column::Id, old).await?;
        for suite_id in &self.inner.suites {
            let of_suite = || events().add(Column::SuiteId.eq(suite_id.clone()));
            let newest_surplus: Option<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(of_suite())
                .order_by_desc(Column::Id)
                .offset(self.inner.max_unhandled_events)
                .limit(1)
                .into_tuple()
                .one(store.database())
                .await?;
            if let Some(newest_surplus) = newest_surplus {
                let surplus = of_suite().add(Column::Id.lte(newest_surplus));
                deleted += delete_in_batches::<Entity, i64>(store, Column::Id, surplus).await?;
            }
        }
        if deleted > 0 {
            tracing::warn!(
                target: "wecom_login", deleted,
                "events that no hook took in time were deleted"
            );
        }
        Ok(())
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifications")
    }
}

fn of_review(suite_id: &SuiteId, corp_id: &CorpId) -> Condition {
    Entity::of_corp(suite_id, corp_id).add(Column::Kind.eq(NotificationKind::Review))
}
