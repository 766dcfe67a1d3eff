//! The delivery of stored notifications: under a lease, each until it is taken.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use tokio::sync::Semaphore;

use crate::db::entity::notification::{Column, Entity, Model, NotificationKind};
use crate::db::{CorpColumns as _, RowLease};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::dyn_hooks::DynHooks;
use crate::hooks::notification::Notification;
use crate::hooks::notifications::{Notifications, UNHANDLED_EVENT_TTL};
use crate::hooks::time_limit::{HOOK_TIMEOUT, within_hook_timeout};
use crate::task_runner::TaskRunner;
use crate::vault::NOTIFICATION_PAYLOAD;

/// How often a node looks for notifications that no commit of its own announced.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The lease of a node on a notification: longer than a hook may take, and than storing what it decided.
const DELIVERY_LEASE: RowLease<Entity> = RowLease::new(
    Column::DueAt,
    HOOK_TIMEOUT.saturating_add(Duration::from_secs(20)),
)
.with_max_duration(MAX_DUE_AHEAD);
/// The first wait after a failure. It doubles up to the maximum.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(10);
/// A due time that lies further ahead was set by a clock that was wrong.
const MAX_DUE_AHEAD: Duration = Duration::from_mins(15);
/// How many due notifications are read at a time.
const DELIVERY_BATCH: u64 = 50;

/// What has permits of its own, and how many: what hangs in one group delays no other.
const GROUPS: [(&[NotificationKind], usize); 3] = [
    (&[NotificationKind::Review], 16),
    (&IN_ORDER_AND_DEPARTURES, 16),
    (&[NotificationKind::UnhandledEvent], 16),
];
const IN_ORDER_AND_DEPARTURES: [NotificationKind; 3] = [
    NotificationKind::CorpAuthorized,
    NotificationKind::CorpCancelled,
    NotificationKind::MemberLeft,
];
/// What is delivered in its order, of one corp.
const IN_ORDER: [NotificationKind; 2] = [
    NotificationKind::CorpAuthorized,
    NotificationKind::CorpCancelled,
];

/// Delivers a notification. `Ok` means that it is taken.
pub(crate) type Deliver = Arc<dyn Fn(Notification) -> BoxFuture<'static, Result<()>> + Send + Sync>;

impl Notifications {
    /// Delivers what is due, until dropped. Those in delivery are released when the handle shuts down.
    pub(crate) async fn run(self, tasks: TaskRunner, deliver: Deliver) {
        let permits = GROUPS.map(|(_, permits)| Arc::new(Semaphore::new(permits)));
        loop {
            let next = self.inner.store.clock().sleep(POLL_INTERVAL);
            for ((kinds, _), permits) in GROUPS.iter().zip(&permits) {
                if let Err(error) = self.deliver_due(kinds, permits, &tasks, &deliver).await {
                    tracing::info!(target: "wecom_login", ?error, "could not read the notifications");
                }
            }
            if self.is_pruning_due()
                && let Err(error) = self.prune().await
            {
                tracing::info!(target: "wecom_login", ?error, "could not delete old notifications");
            }
            tokio::select! {
                () = self.inner.wake.notified() => {}
                () = next => {}
            }
        }
    }

    /// Starts a task for each notification of these kinds that is due, as far as there are permits.
    async fn deliver_due(
        &self,
        kinds: &[NotificationKind],
        permits: &Arc<Semaphore>,
        tasks: &TaskRunner,
        deliver: &Deliver,
    ) -> Result<()> {
        let (store, now) = (&self.inner.store, self.inner.store.now());
        if permits.available_permits() == 0 {
            return Ok(());
        }
        let mut due = Entity::find()
            .filter(Column::Kind.is_in(kinds.iter().copied()))
            .filter(DELIVERY_LEASE.is_free(now))
            .filter(Column::SuiteId.is_in(self.inner.suites.clone()))
            .order_by_asc(Column::DueAt)
            .order_by_asc(Column::Id)
            .limit(DELIVERY_BATCH);
        if kinds.contains(&NotificationKind::UnhandledEvent) {
            due = due.filter(Column::CreatedAt.gt(now - UNHANDLED_EVENT_TTL));
        }
        for row in due.all(store.database()).await? {
            let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
                return Ok(());
            };
            let is_in_delivery = self.inner.in_delivery.lock().contains(&row.id);
            if is_in_delivery || self.is_behind_earlier(&row).await? {
                continue;
            }
            let now = store.now();
            let of_row = Entity::update_many()
                .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
                .filter(Column::Id.eq(row.id))
                .filter(Column::Attempts.eq(row.attempts));
            if !DELIVERY_LEASE
                .acquire(store.database(), of_row, now)
                .await?
            {
                continue;
            }
            let (this, deliver, tasks_of_row) = (self.clone(), Arc::clone(deliver), tasks.clone());
            let id = row.id;
            this.inner.in_delivery.lock().insert(id);
            drop(tasks.spawn(async move {
                this.deliver_claimed(row, &deliver, &tasks_of_row).await;
                this.inner.in_delivery.lock().remove(&id);
                drop(permit);
                this.inner.wake.notify_one();
            }));
        }
        Ok(())
    }

    /// Whether an earlier notification about the same corp is not taken yet. If so, this one is due with that one.
    async fn is_behind_earlier(&self, row: &Model) -> Result<bool> {
        let Some(corp_id) = row
            .corp_id
            .as_ref()
            .filter(|_| IN_ORDER.contains(&row.kind))
        else {
            return Ok(false);
        };
        let database = self.inner.store.database();
        let earlier = Entity::find()
            .filter(Entity::of_corp(&row.suite_id, corp_id))
            .filter(Column::Kind.is_in(IN_ORDER))
            .filter(Column::Id.lt(row.id))
            .order_by_asc(Column::Id)
            .one(database)
            .await?;
        let Some(earlier) = earlier else {
            return Ok(false);
        };
        Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(earlier.due_at))
            .filter(Column::Id.eq(row.id))
            .filter(Column::Attempts.eq(row.attempts))
            .exec(database)
            .await?;
        Ok(true)
    }

    async fn deliver_claimed(&self, row: Model, deliver: &Deliver, tasks: &TaskRunner) {
        let attempts = row.attempts + 1;
        let delivery = async { deliver(self.open(&row)?).await };
        let delivery = AssertUnwindSafe(delivery).catch_unwind();
        let delivered = tokio::select! {
            delivered = delivery => delivered.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Internal, "a hook panicked"))
            }),
            () = tasks.shutdown_token().cancelled() => {
                // Another node, or the next start, goes on at once.
                let _ = self.reschedule(&row, attempts, Duration::ZERO).await;
                return;
            }
        };
        let stored = match delivered {
            Ok(()) => self.delete(&row, attempts).await,
            Err(error) => {
                let (kind, suite_id) = (row.kind, &row.suite_id);
                let corp_id = row.corp_id.as_ref().map_or("", |corp_id| corp_id.as_str());
                let wait = backoff(attempts);
                tracing::warn!(
                    target: "wecom_login", ?kind, %suite_id, corp_id, attempts, ?error,
                    "a hook of the host app failed; it is called again after {} s", wait.as_secs()
                );
                self.reschedule(&row, attempts, wait).await
            }
        };
        if let Err(error) = stored {
            // The lease runs out, and the hook is called again.
            tracing::info!(target: "wecom_login", ?error, "could not store whether a hook took a notification");
        }
    }

    fn open(&self, row: &Model) -> Result<Notification> {
        let context = [row.seal_key.as_slice()];
        let context = NOTIFICATION_PAYLOAD.aad_context(&context);
        let payload = self.inner.keys.open(context, &row.payload)?;
        Notification::decode(row, &payload)
    }

    async fn delete(&self, row: &Model, attempts: i32) -> Result<()> {
        Entity::delete_many()
            .filter(Column::Id.eq(row.id))
            .filter(Column::Attempts.eq(attempts))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }

    async fn reschedule(&self, row: &Model, attempts: i32, wait: Duration) -> Result<()> {
        let due_at = self.inner.store.now() + wait;
        Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(due_at))
            .filter(Column::Id.eq(row.id))
            .filter(Column::Attempts.eq(attempts))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}

/// Calls the hook that a notification is for, within its time.
pub(crate) async fn call_hook(hooks: &dyn DynHooks, notification: Notification) -> Result<()> {
    match &notification {
        Notification::CorpAuthorized(corp) => {
            within_hook_timeout("Hooks::corp_authorized", hooks.corp_authorized(corp)).await
        }
        Notification::CorpCancelled(corp) => {
            within_hook_timeout("Hooks::corp_cancelled", hooks.corp_cancelled(corp)).await
        }
        Notification::MemberLeft(member) => {
            within_hook_timeout("Hooks::member_left", hooks.member_left(member)).await
        }
        Notification::UnhandledEvent(event) => {
            let call = hooks.unhandled_event(event.clone());
            within_hook_timeout("Hooks::unhandled_event", call).await
        }
        // `authorization` asks these questions.
        Notification::Review { .. } => Ok(()),
    }
}

fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    MIN_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF)
}
