//! The feed of ends: what one node ended, every other one hears of. Ids of rows can commit out of their order, so the
//! number is taken from a counter by the last statement of the transaction.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::clock::Timestamp;
use crate::db::Cursor;
use crate::db::counter::COUNTER;
use crate::db::entity::{counter, revocation};
use crate::db::{Connection, Transaction};
use crate::db::{Store, delete_in_batches};
use crate::domain::{CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::random;
use crate::revocation::listener;

/// Ends that stay for nodes that follow late; one that comes later reads everything anew.
const KEPT: i64 = 10_000;
/// Ends read at a time.
const BATCH: u64 = 1_000;

/// Something that ended, or an authorisation that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// An authorisation changed; sessions of an older epoch are over.
    Authorization {
        suite_id: SuiteId,
        corp_id: CorpId,
        epoch: i64,
    },
    /// A person's sessions of an older epoch are over.
    Member {
        suite_id: SuiteId,
        corp_id: CorpId,
        third_user_id: WecomUserId,
        authorization_epoch: i64,
        epoch: i64,
    },
    /// One session is over.
    Session { token_hash: Vec<u8> },
    /// Every session of the service is over.
    All,
}

/// What a look at the feed found.
#[derive(Debug)]
pub(crate) enum Poll {
    /// These ends, in their order; there may be more.
    Entries(Vec<Revocation>, Cursor),
    /// The feed goes on, but what came next is removed by now: this node was away for long. Nothing that is in memory
    /// can be relied on.
    Truncated(Cursor),
    /// The feed is another one than it was: a failover or a restore. Nothing that is in memory can be relied on.
    Diverged(Cursor),
}

/// Tells the other nodes. To be called last before the commit: the counter's row is locked from here on.
pub(crate) async fn append(
    transaction: &Transaction,
    end: &Revocation,
    now: Timestamp,
) -> Result<()> {
    counter::Entity::update_many()
        .col_expr(
            counter::Column::Value,
            Expr::col(counter::Column::Value).add(1),
        )
        .filter(counter::Column::Id.eq(COUNTER))
        .exec(transaction)
        .await?;
    let counted = counter::Entity::find_by_id(COUNTER)
        .one(transaction)
        .await?;
    let number = counted.map_or(0, |counted| counted.value);
    let mark = i64::from_be_bytes(random::bytes());
    transaction.set_log_cursor(Cursor {
        seq: number,
        nonce: mark,
    });
    let mut row = revocation::ActiveModel {
        seq: Set(number),
        nonce: Set(mark),
        suite_id: Set(None),
        corp_id: Set(None),
        third_user_id: Set(None),
        token_hash: Set(None),
        authorization_epoch: Set(None),
        epoch: Set(None),
        created_at: Set(now),
    };
    match end.clone() {
        Revocation::Authorization {
            suite_id,
            corp_id,
            epoch,
        } => {
            (row.suite_id, row.corp_id, row.epoch) =
                (Set(Some(suite_id)), Set(Some(corp_id)), Set(Some(epoch)));
        }
        Revocation::Member {
            suite_id,
            corp_id,
            third_user_id,
            authorization_epoch,
            epoch,
        } => {
            (row.suite_id, row.corp_id, row.epoch) =
                (Set(Some(suite_id)), Set(Some(corp_id)), Set(Some(epoch)));
            (row.third_user_id, row.authorization_epoch) =
                (Set(Some(third_user_id)), Set(Some(authorization_epoch)));
        }
        Revocation::Session { token_hash } => row.token_hash = Set(Some(token_hash)),
        Revocation::All => {}
    }
    revocation::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    listener::notify_listeners(transaction).await
}

/// Where the feed stands, for a node that begins to follow it.
pub(crate) async fn head(database: &Connection) -> Result<Cursor> {
    let row = revocation::Entity::find()
        .order_by_desc(revocation::Column::Seq)
        .one(database)
        .await?;
    Ok(row.map_or_else(Cursor::default, |row| Cursor {
        seq: row.seq,
        nonce: row.nonce,
    }))
}

/// What came since.
pub(crate) async fn read_after(database: &Connection, heard: Cursor) -> Result<Poll> {
    let published = database.committed_cursor();
    // The row heard of last is read again: its mark says whether this is still the same feed.
    let rows = revocation::Entity::find()
        .filter(revocation::Column::Seq.gte(heard.seq))
        .order_by_asc(revocation::Column::Seq)
        .limit(BATCH)
        .all(database)
        .await?;
    let mut rows = rows.into_iter();
    if heard != Cursor::default() {
        let first = rows.next();
        if !first.is_some_and(|row| row.seq == heard.seq && row.nonce == heard.nonce) {
            return if is_truncated(database, heard, published).await? {
                Ok(Poll::Truncated(head(database).await?))
            } else {
                broken(database, published).await
            };
        }
    }
    let mut newest = heard;
    let mut found = published.seq <= heard.seq;
    let ends = rows.map(|row| {
        newest = Cursor {
            seq: row.seq,
            nonce: row.nonce,
        };
        found |= newest == published;
        end(row)
    });
    let ends: Vec<Revocation> = ends.collect();
    if !found && (ends.is_empty() || newest.seq >= published.seq) {
        // What this node itself committed is gone before it came round, or another end has its number.
        return broken(database, published).await;
    }
    Ok(Poll::Entries(ends, newest))
}

/// Whether the end that was heard of last is missing only because all that is left came after it. A database that went
/// back has older ends, or lacks what this node committed.
async fn is_truncated(database: &Connection, heard: Cursor, published: Cursor) -> Result<bool> {
    let oldest = revocation::Entity::find()
        .order_by_asc(revocation::Column::Seq)
        .one(database)
        .await?;
    Ok(match oldest {
        Some(oldest) if oldest.seq > heard.seq => {
            published.seq < oldest.seq || contains(database, published).await?
        }
        _ => false,
    })
}

async fn broken(database: &Connection, published: Cursor) -> Result<Poll> {
    let newest = head(database).await?;
    // What is published from here on is of this feed.
    database.rebase(published, newest);
    Ok(Poll::Diverged(newest))
}

/// Whether this end is in the feed: whatever went before it is there too.
pub(crate) async fn contains(database: &Connection, heard: Cursor) -> Result<bool> {
    if heard == Cursor::default() {
        return Ok(true);
    }
    let row = revocation::Entity::find_by_id(heard.seq)
        .one(database)
        .await?;
    Ok(row.is_some_and(|row| row.nonce == heard.nonce))
}

/// Whether every session was ended since.
pub(crate) async fn contains_revoke_all_since(
    database: &Connection,
    since: Timestamp,
) -> Result<bool> {
    let all = revocation::Entity::find()
        .filter(revocation::Column::TokenHash.is_null())
        .filter(revocation::Column::SuiteId.is_null())
        .filter(revocation::Column::CreatedAt.gte(since));
    Ok(all.one(database).await?.is_some())
}

/// Removes what every node has long heard of: all but the newest ends. By number and not by age, since a clock that
/// leaps must not break the feed of those that follow it.
pub(crate) async fn delete_old(store: &Store) -> Result<()> {
    let newest = head(store.database()).await?;
    let old = Condition::all().add(revocation::Column::Seq.lt(newest.seq - KEPT));
    delete_in_batches::<revocation::Entity, i64>(store, revocation::Column::Seq, old).await?;
    Ok(())
}

fn end(row: revocation::Model) -> Revocation {
    if let Some(token_hash) = row.token_hash {
        return Revocation::Session { token_hash };
    }
    let (Some(suite_id), Some(corp_id), Some(epoch)) = (row.suite_id, row.corp_id, row.epoch)
    else {
        return Revocation::All;
    };
    match (row.third_user_id, row.authorization_epoch) {
        (Some(third_user_id), Some(authorization_epoch)) => Revocation::Member {
            suite_id,
            corp_id,
            third_user_id,
            authorization_epoch,
            epoch,
        },
        _ => Revocation::Authorization {
            suite_id,
            corp_id,
            epoch,
        },
    }
}
