//! What is over is removed, by one node at a time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};

use crate::app::handle::WecomLogin;
use crate::app::retention::Retention;
use crate::db::entity::{access_token, callback_record, callback_seen, housekeeping};
use crate::db::{RowLease, Store, delete_in_batches};
use crate::domain::RecordStatus;
use crate::domain::SuiteId;
use crate::error::Result;
use crate::revocation::log;
use crate::session;

/// How often what is over is removed.
const CLEAN_EVERY: Duration = Duration::from_mins(10);
/// A turn that lies further ahead than this was set by a clock that was wrong.
const FARTHEST_TURN: Duration = Duration::from_mins(20);
/// The one row that says when the next turn is.
const TURN: i64 = 1;
/// A session that looks idle may have been used on another node, which writes later.
const WRITE_INTERVALS: u32 = 2;
/// An access token that nobody replaced is of a company or a suite that is gone.
const TOKENS_KEPT: Duration = Duration::from_hours(24);

/// Tidies this node's memory every ten minutes, and the database if it is this node's turn, until dropped.
pub(super) async fn keep_house(login: WecomLogin) {
    loop {
        // Counted from before the work, so that a long turn does not put the next one off.
        let next = login.0.store.clock().sleep(CLEAN_EVERY);
        // A panic ends a turn and not the keeping of the house.
        if AssertUnwindSafe(take_turn(&login))
            .catch_unwind()
            .await
            .is_err()
        {
            tracing::error!(target: "wecom_login", "what is over was not removed");
        }
        next.await;
    }
}

async fn take_turn(login: &WecomLogin) {
    login.0.sessions.evict_idle();
    match is_our_turn(&login.0.store).await {
        Ok(true) => clean(login).await,
        Ok(false) => {}
        Err(error) => {
            tracing::info!(target: "wecom_login", ?error, "whose turn it is could not be told")
        }
    }
}

/// One statement decides which node it is: the one that moves the next turn on. A node that dies over it has done a
/// part, and the next turn does the rest.
async fn is_our_turn(store: &Store) -> Result<bool> {
    use housekeeping::{ActiveModel, Column, Entity};
    let turn = RowLease::new(Column::DueAt, CLEAN_EVERY).with_max_duration(FARTHEST_TURN);
    let row = Entity::update_many().filter(Column::Id.eq(TURN));
    let first = ActiveModel {
        id: Set(TURN),
        due_at: NotSet,
    };
    turn.acquire_or_insert(store.database(), TURN, row, store.now(), first)
        .await
}

/// One table after the other; what cannot be done in one keeps none of the others.
async fn clean(login: &WecomLogin) {
    let (store, settings, retention) = (
        &login.0.store,
        login.0.sessions.config(),
        &login.0.retention,
    );
    let now = store.now();
    let written_by = settings
        .idle_timeout
        .saturating_add(settings.touch_interval().saturating_mul(WRITE_INTERVALS));
    told(
        "sessions",
        session::delete_expired(store, now, now - written_by).await,
    );
    told("login codes", login.0.login_codes.remove_expired().await);
    told("states", login.0.spent_states.remove_expired().await);
    let of_the_past = Condition::all().add(access_token::Column::ExpiresAt.lt(now - TOKENS_KEPT));
    let removed = delete_in_batches::<access_token::Entity, Vec<u8>>(
        store,
        access_token::Column::Id,
        of_the_past,
    )
    .await;
    told("access tokens", removed);
    told("ends", log::delete_old(store).await);
    told("records", remove_records(store, retention).await);
    for suite_id in login.0.suites.ids() {
        told(
            "ignored records",
            remove_ignored(store, retention, &suite_id).await,
        );
    }
}

fn told<T>(what: &str, removed: Result<T>) {
    if let Err(error) = removed {
        tracing::info!(target: "wecom_login", ?error, what, "what is over could not be removed");
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
    let surplus = ignored.add(Column::Id.lte(newest_surplus));
    // Their hashes go too: doing nothing twice does no harm.
    let of_surplus = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(surplus.clone())
        .into_query();
    let hashes = Condition::all().add(callback_seen::Column::RecordId.in_subquery(of_surplus));
    delete_in_batches::<callback_seen::Entity, Vec<u8>>(store, callback_seen::Column::Hash, hashes)
        .await?;
    delete_in_batches::<Entity, i64>(store, Column::Id, surplus).await?;
    Ok(())
}
