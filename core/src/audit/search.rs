//! The entries of the audit, as an administrator reads them.

use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use crate::audit::AuditAction;
use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::audit::{Column, Entity, Model};
use crate::domain::{CorpId, Page, PageCursor, SuiteId, WecomUserId, number_as_text};
use crate::error::Result;

/// How far the times of two entries may be apart in another order than their ids: more than a transaction lasts.
const OUT_OF_ORDER: Duration = Duration::from_mins(10);

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number.
    #[serde(with = "number_as_text")]
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened: a word of [`AuditAction`].
    pub action: String,
    /// What kind of actor did it: `user`, `key` (the admin key), `app` (the host app's code), `wecom`, or `anyone`.
    pub actor: String,
    /// The host app's user; for `key`, `app` and `wecom` the same word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The suite that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite_id: Option<SuiteId>,
    /// The corp that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corp_id: Option<CorpId>,
    /// The member that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_user_id: Option<WecomUserId>,
    /// The client's address, as far as it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// More, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many times it happened.
    pub count: i64,
}

impl AuditEntry {
    fn of_row(row: Model) -> Self {
        Self {
            id: row.id,
            at: row.at,
            action: row.action,
            actor: row.actor,
            who: row.who,
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            third_user_id: row.third_user_id,
            client: row.client,
            code: row.code,
            detail: row.detail,
            count: row.occurrences,
        }
    }
}

/// Which entries are listed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only those of this user, or of `key`, `app` or `wecom`.
    pub who: Option<String>,
    /// Only those that tell of this.
    pub action: Option<AuditAction>,
    /// Only those of this suite.
    pub suite_id: Option<SuiteId>,
    /// Only those of this corp, by whichever of its ids.
    pub corp_id: Option<CorpId>,
    /// Only those of this time or later.
    pub since: Option<Timestamp>,
    /// The page after this cursor; the first one without it.
    pub after: Option<PageCursor>,
}

impl AuditQuery {
    /// Everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets who did it.
    #[must_use]
    pub fn with_who(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }

    /// Sets the action.
    #[must_use]
    pub const fn with_action(mut self, action: AuditAction) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Sets the corp.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
        self
    }

    /// Sets the time of the oldest.
    #[must_use]
    pub const fn with_since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// Sets where the page begins.
    #[must_use]
    pub fn with_after(mut self, after: PageCursor) -> Self {
        self.after = Some(after);
        self
    }
}

/// A page of entries, the newest first. `corp_ids` are all ids of the corp that the query names.
pub(crate) async fn search(
    store: &Store,
    query: &AuditQuery,
    corp_ids: Vec<CorpId>,
    limit: u64,
) -> Result<Page<AuditEntry>> {
    let mut select = Entity::find()
        .order_by_desc(Column::Id)
        .limit(limit.saturating_add(1));
    if let Some(who) = &query.who {
        select = select.filter(Column::Who.eq(who.as_str()));
    }
    if let Some(action) = query.action {
        select = select.filter(Column::Action.eq(action.as_str()));
    }
    if let Some(suite_id) = &query.suite_id {
        select = select.filter(Column::SuiteId.eq(suite_id.clone()));
    }
    if query.corp_id.is_some() {
        select = select.filter(Column::CorpId.is_in(corp_ids));
    }
    if let Some(since) = query.since {
        let Some(first) = first_id_since(store, since).await? else {
            return Ok(Page::of_query(Vec::new(), limit, |_: &AuditEntry| {
                PageCursor::after(&[])
            }));
        };
        select = select.filter(Column::Id.gte(first));
        select = select.filter(Column::At.gte(since));
    }
    if let Some(after) = &query.after {
        select = select.filter(Column::Id.lt(after.number()?));
    }
    let rows = select.all(store.database()).await?;
    let entries = rows.into_iter().map(AuditEntry::of_row).collect();
    Ok(Page::of_query(entries, limit, |entry: &AuditEntry| {
        PageCursor::after(&[&entry.id.to_string()])
    }))
}

/// An id that no entry since this time is below, by the index of the times; none if there is no entry since. The list is
/// in the order of ids, and would be read to its end otherwise.
async fn first_id_since(store: &Store, since: Timestamp) -> Result<Option<i64>> {
    let first = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::At.gte(since - OUT_OF_ORDER))
        .order_by_asc(Column::At)
        .order_by_asc(Column::Id)
        .limit(1)
        .into_tuple();
    Ok(first.one(store.database()).await?)
}
