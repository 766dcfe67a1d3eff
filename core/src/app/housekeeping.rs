//! Housekeeping: the deletion of what has expired, by one node at a time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};

use crate::app::node;
use crate::app::retention::Retention;
use crate::audit;
use crate::authorization::DepartedCorps;
use crate::db::entity::{access_token, callback_record, callback_seen, housekeeping};
use crate::db::{RowLease, Store, delete_in_batches};
use crate::domain::{RecordStatus, SuiteId, Suites};
use crate::error::Result;
use crate::hooks::Notifications;
use crate::login::{LoginCodes, UsedStates};
use crate::revocation::log;
use crate::session::{self, Sessions};
use crate::tokens::Tokens;

/// How often a node does its housekeeping.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_mins(10);
/// A turn that lies further ahead than this was set by a clock that was wrong.
const MAX_TURN_AHEAD: Duration = Duration::from_mins(20);
/// The one row that says when the next turn is.
const TURN: i64 = 1;
/// A session that looks idle may have been used on another node, which writes later.
const WRITE_INTERVALS: u32 = 2;
/// An access token that nobody replaced is of a company or a suite that is gone.
const EXPIRED_TOKEN_TTL: Duration = Duration::from_hours(24);

/// The dependencies of housekeeping.
pub(super) struct Housekeeping {
    pub(super) store: Store,
    pub(super) suites: Suites,
    pub(super) sessions: Sessions,
    pub(super) tokens: Tokens,
    pub(super) login_codes: LoginCodes,
    pub(super) used_states: UsedStates,
    pub(super) notifications: Notifications,
    pub(super) departed: DepartedCorps,
    pub(super) retention: Retention,
}

/// Tidies this node's memory every ten minutes, and the database if it is this node's turn, until dropped.
pub(super) async fn run_housekeeping(deps: Housekeeping) {
    loop {
        // The interval starts before the work, so that a long run does not delay the next one.
        let next = deps.store.clock().sleep(HOUSEKEEPING_INTERVAL);
        if AssertUnwindSafe(tick(&deps)).catch_unwind().await.is_err() {
            tracing::error!(target: "wecom_login", "housekeeping run panicked");
        }
        next.await;
    }
}

async fn tick(deps: &Housekeeping) {
    deps.sessions.evict_idle();
    match try_acquire_turn(&deps.store).await {
        Ok(true) => run_once(deps).await,
        Ok(false) => {}
        Err(error) => {
            tracing::info!(target: "wecom_login", ?error, "could not determine housekeeping owner");
        }
    }
}

/// Decides by one statement which node it is: the one that moves the next turn on. If that node dies over it, the next
/// turn does the rest.
async fn try_acquire_turn(store: &Store) -> Result<bool> {
    use housekeeping::{ActiveModel, Column, Entity};
    let turn =
        RowLease::new(Column::DueAt, HOUSEKEEPING_INTERVAL).with_max_duration(MAX_TURN_AHEAD);
    let row = Entity::update_many().filter(Column::Id.eq(TURN));
    let first = ActiveModel {
        id: Set(TURN),
        due_at: NotSet,
    };
    turn.acquire_or_insert(store.database(), TURN, row, store.now(), first)
        .await
}

/// One table after the other: a failure in one does not keep the others.
async fn run_once(deps: &Housekeeping) {
    let (store, settings, retention) = (&deps.store, deps.sessions.config(), &deps.retention);
    let now = store.now();
    let written_by = settings
        .idle_timeout
        .saturating_add(settings.touch_interval().saturating_mul(WRITE_INTERVALS));
    log_failure(
        "sessions",
        session::delete_expired(store, now, now - written_by).await,
    );
    log_failure("login codes", deps.login_codes.remove_expired().await);
    log_failure("states", deps.used_states.remove_expired().await);
    let of_the_past =
        Condition::all().add(access_token::Column::ExpiresAt.lt(now - EXPIRED_TOKEN_TTL));
    let removed = delete_in_batches::<access_token::Entity, Vec<u8>>(
        store,
        access_token::Column::Id,
        of_the_past,
    )
    .await;
    log_failure("access tokens", removed);
    log_failure(
        "attempts with secrets",
        deps.tokens.remove_old_attempts().await,
    );
    log_failure("departed corps", deps.departed.delete_expired().await);
    log_failure("ends", log::delete_old(store).await);
    log_failure("records", remove_records(store, retention).await);
    let audited_since = store.now() - retention.audit_ttl;
    log_failure("audit", audit::remove_old(store, audited_since).await);
    log_failure("nodes", node::remove_old(store).await);
    log_failure("notifications", deps.notifications.prune().await);
    for suite_id in deps.suites.ids() {
        log_failure(
            "ignored records",
            remove_ignored(store, retention, &suite_id).await,
        );
    }
}

fn log_failure<T>(what: &str, removed: Result<T>) {
    if let Err(error) = removed {
        tracing::info!(target: "wecom_login", ?error, what, "expired rows could not be deleted");
    }
}

/// Records after their time, unless there is still something to do about them; the hash that tells a repetition
/// outlives them.
async fn remove_records(store: &Store, retention: &Retention) -> Result<()> {
    use callback_record::{Column, Entity};
    let settled = [
        RecordStatus::Succeeded,
        RecordStatus::Ignored,
        RecordStatus::Failed,
    ];
    let over = Condition::all()
        .add(Column::ReceivedAt.lt(store.now() - retention.record_ttl))
        .add(Column::Status.is_in(settled));
    delete_in_batches::<Entity, i64>(store, Column::Id, over).await?;
    let old = callback_seen::Column::SeenAt.lt(store.now() - retention.dedup_ttl);
    delete_in_batches::<callback_seen::Entity, Vec<u8>>(
        store,
        callback_seen::Column::Hash,
        Condition::all().add(old),
    )
    .await?;
    Ok(())
}

/// Keeps the newest of the ignored records: people who write to the app must not fill the disk.
async fn remove_ignored(store: &Store, retention: &Retention, suite_id: &SuiteId) -> Result<()> {
    use callback_record::{Column, Entity};
    let ignored = Condition::all()
        .add(Column::SuiteId.eq(suite_id.clone()))
        .add(Column::Status.eq(RecordStatus::Ignored));
    let newest_surplus: Option<i64> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(ignored.clone())
        .order_by_desc(Column::Id)
        .offset(retention.max_ignored)
        .limit(1)
        .into_tuple()
        .one(store.database())
        .await?;
    let Some(newest_surplus) = newest_surplus else {
        return Ok(());
    };
    let cookies_to_evict = ignored.add(Column::Id.lte(newest_surplus));
    // Their hashes go too: doing nothing twice does no harm.
    let of_surplus = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(cookies_to_evict.clone())
        .into_query();
    let hashes = Condition::all().add(callback_seen::Column::RecordId.in_subquery(of_surplus));
    delete_in_batches::<callback_seen::Entity, Vec<u8>>(store, callback_seen::Column::Hash, hashes)
        .await?;
    delete_in_batches::<Entity, i64>(store, Column::Id, cookies_to_evict).await?;
    Ok(())
}
