//! The revocation log, through which a node's revocations reach the others.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::clock::Timestamp;
use crate::db::entity::revocation::{ActiveModel, Column, Entity, Model};
use crate::db::{Connection, Cursor, Store, Transaction, delete_in_batches, next_seq};
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::Result;
use crate::metrics;
use crate::random;
use crate::revocation::listener;

/// Entries that are kept. A node that missed more reads everything again.
const REVOCATION_LOG_LEN: i64 = 10_000;
/// Entries read by one poll.
const REVOCATION_LOG_BATCH: u64 = 1_000;

/// The epoch of a member who was erased: the next login starts at zero again.
pub(crate) const ERASED_MEMBER_EPOCH: i64 = i64::MIN;

/// Stands for an epoch in the entry about a member's attributes. It is older than any epoch: a node of a version that
/// knows no attributes reads a revocation that it has applied already.
const ATTRIBUTES_EPOCH: i64 = i64::MIN + 1;

/// Sessions that were revoked, or an authorization or a member's attributes that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// An authorization changed. Sessions of an older authorization epoch are revoked.
    Authorization {
        suite_id: SuiteId,
        corp_id: CorpId,
        epoch: i64,
    },
    /// A member's sessions of an older member epoch are revoked.
    Member {
        suite_id: SuiteId,
        corp_id: CorpId,
        third_user_id: WecomUserId,
        authorization_epoch: i64,
        epoch: i64,
    },
    /// A member's attributes changed. No session is revoked.
    Attributes(Principal),
    /// One session is revoked.
    Session { token_hash: Vec<u8> },
    /// Every session of the service is revoked.
    All,
}

impl Revocation {
    /// A revocation of a member's sessions.
    pub(crate) fn of_member(principal: &Principal, authorization_epoch: i64, epoch: i64) -> Self {
        Self::Member {
            suite_id: principal.suite_id.clone(),
            corp_id: principal.corp_id.clone(),
            third_user_id: principal.third_user_id.clone(),
            authorization_epoch,
            epoch,
        }
    }

    /// The erasure of a member, whose epoch starts anew. The sessions are revoked before.
    pub(crate) fn of_erased_member(principal: &Principal, authorization_epoch: i64) -> Self {
        Self::of_member(principal, authorization_epoch, ERASED_MEMBER_EPOCH)
    }

    /// What ends by it, as the word of a label; nothing by the erasure of a member, whose sessions have ended
    /// before, and by a change of attributes.
    const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Attributes(_)
            | Self::Member {
                epoch: ERASED_MEMBER_EPOCH,
                ..
            } => None,
            Self::Member { .. } => Some("person"),
            Self::Authorization { .. } => Some("corp"),
            Self::Session { .. } => Some("session"),
            Self::All => Some("all"),
        }
    }

    /// The epoch that it sets, if it sets one.
    pub(super) const fn epoch(&self) -> Option<i64> {
        match self {
            Self::Authorization { epoch, .. } | Self::Member { epoch, .. } => Some(*epoch),
            Self::Attributes(_) => Some(ATTRIBUTES_EPOCH),
            Self::All | Self::Session { .. } => None,
        }
    }
}

impl From<Model> for Revocation {
    fn from(row: Model) -> Self {
        if let Some(token_hash) = row.token_hash {
            return Self::Session { token_hash };
        }
        let (Some(suite_id), Some(corp_id), Some(epoch)) = (row.suite_id, row.corp_id, row.epoch)
        else {
            return Self::All;
        };
        match (row.third_user_id, row.authorization_epoch) {
            (Some(third_user_id), Some(_)) if epoch == ATTRIBUTES_EPOCH => {
                Self::Attributes(Principal::new(suite_id, corp_id, third_user_id))
            }
            (Some(third_user_id), Some(authorization_epoch)) => Self::Member {
                suite_id,
                corp_id,
                third_user_id,
                authorization_epoch,
                epoch,
            },
            _ => Self::Authorization {
                suite_id,
                corp_id,
                epoch,
            },
        }
    }
}

/// What a poll of the revocation log found.
#[derive(Debug)]
pub(crate) enum Poll {
    /// The entries after the cursor, in their order, and the new cursor. There may be more.
    Entries(Vec<Revocation>, Cursor),
    /// The entries after the cursor are deleted by now: this node was away for long. Nothing in memory is valid.
    Truncated(Cursor),
    /// The log is another one: the database was replaced by a failover or a restore. Nothing in memory is valid.
    Diverged(Cursor),
}

/// Appends an entry. It must be the last statement before the commit: the counter's row is locked from here on.
pub(crate) async fn append(
    transaction: &Transaction,
    revocation: &Revocation,
    now: Timestamp,
) -> Result<()> {
    let entry = Cursor {
        seq: next_seq(transaction).await?,
        nonce: i64::from_be_bytes(random::bytes()),
    };
    transaction.set_appended(entry);
    if let Some(reason) = revocation.reason() {
        transaction.count_end(reason);
    }
    Entity::insert(row(entry, revocation, now))
        .exec_without_returning(transaction)
        .await?;
    listener::notify_listeners(transaction).await
}

/// Returns the newest entry.
pub(crate) async fn head(database: &Connection) -> Result<Cursor> {
    let row = Entity::find()
        .order_by_desc(Column::Seq)
        .one(database)
        .await?;
    Ok(row.as_ref().map_or_else(Cursor::default, cursor))
}

/// Reads the entries after a cursor. `now` is the database's time, for the metrics.
pub(crate) async fn read_after(
    database: &Connection,
    after: Cursor,
    now: Timestamp,
) -> Result<Poll> {
    let committed = database.committed_cursor();
    // The cursor's own row is read again: its nonce tells whether this is still the same log.
    let rows = Entity::find()
        .filter(Column::Seq.gte(after.seq))
        .order_by_asc(Column::Seq)
        .limit(REVOCATION_LOG_BATCH)
        .all(database)
        .await?;
    let mut rows = rows.into_iter();
    if after != Cursor::default() {
        let first = rows.next();
        if !first.is_some_and(|row| cursor(&row) == after) {
            return if is_truncated(database, after, committed).await? {
                Ok(Poll::Truncated(head(database).await?))
            } else {
                diverged(database, committed).await
            };
        }
    }
    let mut newest = after;
    let mut has_committed = committed.seq <= after.seq;
    let entries: Vec<Revocation> = rows
        .map(|row| {
            newest = cursor(&row);
            metrics::revocation_applied(now.since(row.created_at));
            has_committed |= newest == committed;
            row.into()
        })
        .collect();
    if !has_committed && (entries.is_empty() || newest.seq >= committed.seq) {
        // The entry that this node committed is gone before it was read, or another entry has its number.
        return diverged(database, committed).await;
    }
    Ok(Poll::Entries(entries, newest))
}

/// Tells whether the log contains this entry. Then it contains everything before it too.
pub(crate) async fn contains(database: &Connection, entry: Cursor) -> Result<bool> {
    if entry == Cursor::default() {
        return Ok(true);
    }
    let row = Entity::find_by_id(entry.seq).one(database).await?;
    Ok(row.is_some_and(|row| row.nonce == entry.nonce))
}

/// Tells whether every session was revoked since then.
pub(crate) async fn contains_revoke_all_since(
    database: &Connection,
    since: Timestamp,
) -> Result<bool> {
    let entry = Entity::find()
        .filter(Column::TokenHash.is_null())
        .filter(Column::SuiteId.is_null())
        .filter(Column::CreatedAt.gte(since));
    Ok(entry.one(database).await?.is_some())
}

/// Deletes all but the newest entries. By number and not by age: a jump of a clock must not truncate the log of nodes
/// that follow it.
pub(crate) async fn delete_old(store: &Store) -> Result<()> {
    let head = head(store.database()).await?;
    let old = Condition::all().add(Column::Seq.lt(head.seq - REVOCATION_LOG_LEN));
    delete_in_batches::<Entity, i64>(store, Column::Seq, old).await?;
    Ok(())
}

/// Tells whether the cursor's row is missing only because every entry that is left is newer. A database that was
/// replaced has older entries, or lacks the one that this node committed.
async fn is_truncated(database: &Connection, after: Cursor, committed: Cursor) -> Result<bool> {
    let oldest = Entity::find()
        .order_by_asc(Column::Seq)
        .one(database)
        .await?;
    Ok(match oldest {
        Some(oldest) if oldest.seq > after.seq => {
            committed.seq < oldest.seq || contains(database, committed).await?
        }
        _ => false,
    })
}

async fn diverged(database: &Connection, committed: Cursor) -> Result<Poll> {
    let head = head(database).await?;
    // Revocations that this node commits from here on are in the new log.
    database.rebase(committed, head);
    Ok(Poll::Diverged(head))
}

const fn cursor(row: &Model) -> Cursor {
    Cursor {
        seq: row.seq,
        nonce: row.nonce,
    }
}

fn row(entry: Cursor, revocation: &Revocation, now: Timestamp) -> ActiveModel {
    let mut row = ActiveModel {
        seq: Set(entry.seq),
        nonce: Set(entry.nonce),
        suite_id: Set(None),
        corp_id: Set(None),
        third_user_id: Set(None),
        token_hash: Set(None),
        authorization_epoch: Set(None),
        epoch: Set(revocation.epoch()),
        created_at: Set(now),
    };
    match revocation.clone() {
        Revocation::Authorization {
            suite_id, corp_id, ..
        } => {
            row.suite_id = Set(Some(suite_id));
            row.corp_id = Set(Some(corp_id));
        }
        Revocation::Member {
            suite_id,
            corp_id,
            third_user_id,
            authorization_epoch,
            ..
        } => {
            row.suite_id = Set(Some(suite_id));
            row.corp_id = Set(Some(corp_id));
            row.third_user_id = Set(Some(third_user_id));
            row.authorization_epoch = Set(Some(authorization_epoch));
        }
        Revocation::Attributes(principal) => {
            row.suite_id = Set(Some(principal.suite_id));
            row.corp_id = Set(Some(principal.corp_id));
            row.third_user_id = Set(Some(principal.third_user_id));
            row.authorization_epoch = Set(Some(0));
        }
        Revocation::Session { token_hash } => row.token_hash = Set(Some(token_hash)),
        Revocation::All => {}
    }
    row
}
