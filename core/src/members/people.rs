//! The people that an operator sees: who they are in WeCom and in the host app, found by id or name, page by page.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait as _, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::entity::member::{Column, Entity, Model};
use crate::db::entity::{session, user};
use crate::db::{id_starts_with, text_contains, text_starts_with};
use crate::domain::{CorpId, Page, PageCursor, Principal, Profile, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::within_hook_timeout;
use crate::members::members::Members;

/// How many members the host app's binder is asked about at the same time.
const CONCURRENT_BINDER_CALLS: usize = 8;
/// The most members that one user has; further ones are of no person.
const MAX_MEMBERS_OF_A_USER: u64 = 500;

/// A member of a corp, with the host app's user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PersonSummary {
    /// The suite.
    pub suite_id: SuiteId,
    /// The corp.
    pub corp_id: CorpId,
    /// WeCom's userid.
    pub third_user_id: WecomUserId,
    /// The host app's user, if the member is bound to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Name, picture, mail and mobile, as far as they are known.
    #[serde(flatten)]
    pub profile: Profile,
    /// When the member was first seen.
    pub since: Timestamp,
    /// How many live sessions the member has.
    pub sessions: u64,
}

impl PersonSummary {
    /// Who it is in WeCom.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::new(
            self.suite_id.clone(),
            self.corp_id.clone(),
            self.third_user_id.clone(),
        )
    }
}

/// Which people are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeopleFilter {
    pub(crate) suites: Vec<SuiteId>,
    /// Only those of this corp.
    pub(crate) corp: Option<(SuiteId, CorpId)>,
    /// Only those whose user id this is, whose userid begins with it, or whose name does; within a corp, whose name
    /// contains it.
    pub(crate) text: Option<String>,
    pub(crate) after: Option<PageCursor>,
}

impl Members {
    /// A page of people, by suite, corp and userid.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list. The database or the binder does not answer.
    pub(crate) async fn search(
        &self,
        filter: &PeopleFilter,
        limit: u64,
    ) -> Result<Page<PersonSummary>> {
        let database = self.inner.store.database();
        let mut select = Entity::find()
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .order_by_asc(Column::ThirdUserId)
            .limit(limit.saturating_add(1));
        select = match &filter.corp {
            Some((suite_id, corp_id)) => select
                .filter(Column::SuiteId.eq(suite_id.clone()))
                .filter(Column::CorpId.eq(corp_id.clone())),
            None => select.filter(Column::SuiteId.is_in(filter.suites.clone())),
        };
        if let Some(after) = &filter.after {
            select = select.filter(later_than(after)?);
        }
        let rows = match &filter.text {
            None => select.all(database).await?,
            Some(text) => {
                // One statement for each index. The first of each are the first of all.
                let mut found = BTreeMap::new();
                for condition in self.matches(filter, text) {
                    for row in select.clone().filter(condition).all(database).await? {
                        let key = principal_of(&row);
                        let key = (key.suite_id, key.corp_id, key.third_user_id);
                        found.insert(key, row);
                    }
                }
                found.into_values().collect()
            }
        };
        let mut page = Page::of_query(rows, limit, |row: &Model| {
            let ids = [row.suite_id.as_str(), row.corp_id.as_str()];
            PageCursor::after(&[ids[0], ids[1], row.third_user_id.as_str()])
        });
        let rows = std::mem::take(&mut page.items);
        let people = self.summaries(rows).await?;
        Ok(page.with_items(people))
    }

    /// The members that an id of the host app's user is of; if it is no user's, the members with this userid of WeCom.
    ///
    /// # Errors
    /// `USER_NOT_FOUND`; `API_PARAMS_ERROR` if the id is WeCom's and several members have it: those are different people.
    /// The database or the binder does not answer.
    pub(crate) async fn require_person(
        &self,
        filter: &PeopleFilter,
        id: &str,
    ) -> Result<Vec<PersonSummary>> {
        let database = self.inner.store.database();
        let of_user = Entity::find()
            .filter(self.in_scope(filter))
            .filter(self.has_user_id(id))
            .limit(MAX_MEMBERS_OF_A_USER);
        let mut people = self.summaries(of_user.all(database).await?).await?;
        // A session names the user whom the member was bound to when it began.
        people.retain(|person| person.user_id.as_deref() == Some(id));
        if !people.is_empty() {
            return Ok(people);
        }
        let Ok(third_user_id) = WecomUserId::new(id) else {
            return Err(user_not_found());
        };
        let mut rows = Entity::find()
            .filter(self.in_scope(filter))
            .filter(Column::ThirdUserId.eq(third_user_id.clone()))
            .limit(2)
            .all(database)
            .await?;
        if rows.is_empty()
            && let Some((suite_id, corp_id)) = &filter.corp
        {
            let named = Principal::new(suite_id.clone(), corp_id.clone(), third_user_id);
            rows.extend(self.find(&self.resolve(&named).await?).await?);
        }
        match rows.len() {
            0 => Err(user_not_found()),
            1 => self.summaries(rows).await,
            _ => Err(Error::new(
                ErrorKind::ApiParams,
                "corpId is missing, or suiteId: several members have this userid",
            )),
        }
    }

    fn in_scope(&self, filter: &PeopleFilter) -> Condition {
        match &filter.corp {
            Some((suite_id, corp_id)) => Condition::all()
                .add(Column::SuiteId.eq(suite_id.clone()))
                .add(Column::CorpId.eq(corp_id.clone())),
            None => Condition::all().add(Column::SuiteId.is_in(filter.suites.clone())),
        }
    }

    /// The conditions of a search, each of which has an index.
    fn matches(&self, filter: &PeopleFilter, text: &str) -> Vec<Condition> {
        let backend = self.inner.store.database().get_database_backend();
        let by_name = match filter.corp {
            // A corp's people are few.
            Some(_) => text_contains(Column::Name, text),
            None => text_starts_with(backend, Column::Name, text),
        };
        vec![
            Condition::all().add(by_name),
            id_starts_with(Column::ThirdUserId, text),
            self.has_user_id(text),
        ]
    }

    /// The members whom the default binder bound to this user, or of whom a session names it.
    fn has_user_id(&self, user_id: &str) -> Condition {
        let key =
            |suite_id, corp_id, third_user_id| Expr::tuple([suite_id, corp_id, third_user_id]);
        let column = |column: Column| Expr::col((Entity, column));
        let own = key(
            column(Column::SuiteId),
            column(Column::CorpId),
            column(Column::ThirdUserId),
        );
        let mut bound: SelectStatement = Query::select()
            .columns([
                user::Column::SuiteId,
                user::Column::CorpId,
                user::Column::ThirdUserId,
            ])
            .from(user::Entity)
            .and_where(user::Column::UserId.eq(user_id))
            .to_owned();
        let named: SelectStatement = Query::select()
            .columns([
                session::Column::SuiteId,
                session::Column::CorpId,
                session::Column::ThirdUserId,
            ])
            .from(session::Entity)
            .and_where(session::Column::UserId.eq(user_id))
            .to_owned();
        // One list, which each database reads before the members: two, or a union as the list itself, are asked about for
        // each member.
        let either = Query::select()
            .column(Asterisk)
            .from_subquery(
                bound.union(UnionType::Distinct, named).to_owned(),
                "of_user",
            )
            .to_owned();
        Condition::all().add(own.in_subquery(either))
    }

    async fn summaries(&self, rows: Vec<Model>) -> Result<Vec<PersonSummary>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let users = self.users_of(&rows).await?;
        let ids = |id: fn(&Model) -> SuiteId| rows.iter().map(id).collect();
        let counts = self
            .inner
            .sessions
            .count_by_member(
                ids(|row| row.suite_id.clone()),
                rows.iter().map(|row| row.corp_id.clone()).collect(),
                rows.iter().map(|row| row.third_user_id.clone()).collect(),
            )
            .await?;
        let sessions: HashMap<Principal, u64> = counts
            .into_iter()
            .map(|(suite_id, corp_id, third_user_id, count)| {
                let principal = Principal::new(suite_id, corp_id, third_user_id);
                (principal, u64::try_from(count).unwrap_or(0))
            })
            .collect();
        let summary = |(row, user_id): (Model, Option<String>)| {
            let sessions = sessions.get(&principal_of(&row)).copied().unwrap_or(0);
            PersonSummary {
                suite_id: row.suite_id,
                corp_id: row.corp_id,
                third_user_id: row.third_user_id,
                user_id,
                profile: Profile {
                    name: row.name,
                    avatar: row.avatar,
                    email: row.email,
                    mobile: row.mobile,
                },
                since: row.created_at,
                sessions,
            }
        };
        Ok(rows.into_iter().zip(users).map(summary).collect())
    }

    /// The user of each of these members, in their order.
    async fn users_of(&self, rows: &[Model]) -> Result<Vec<Option<String>>> {
        if !self.inner.is_default_binder {
            let binder = self.binder();
            let asked = rows.iter().map(principal_of).map(|principal| async move {
                within_hook_timeout("UserBinder::find", binder.find(&principal)).await
            });
            return futures_util::stream::iter(asked)
                .buffered(CONCURRENT_BINDER_CALLS)
                .try_collect()
                .await;
        }
        let bound = user::Entity::find()
            .filter(user::Column::SuiteId.is_in(rows.iter().map(|row| row.suite_id.clone())))
            .filter(user::Column::CorpId.is_in(rows.iter().map(|row| row.corp_id.clone())))
            .filter(
                user::Column::ThirdUserId.is_in(rows.iter().map(|row| row.third_user_id.clone())),
            )
            .all(self.inner.store.database())
            .await?;
        let mut bound: HashMap<Principal, String> = bound
            .into_iter()
            .map(|row| {
                let principal = Principal::new(row.suite_id, row.corp_id, row.third_user_id);
                (principal, row.user_id)
            })
            .collect();
        let users = rows.iter().map(|row| bound.remove(&principal_of(row)));
        Ok(users.collect())
    }
}

fn principal_of(row: &Model) -> Principal {
    Principal::new(
        row.suite_id.clone(),
        row.corp_id.clone(),
        row.third_user_id.clone(),
    )
}

fn later_than(after: &PageCursor) -> Result<Condition> {
    let [suite_id, corp_id, third_user_id] = after.parts()?;
    let suite_id = SuiteId::new(suite_id)?;
    let corp_id = CorpId::new(corp_id)?;
    let third_user_id = WecomUserId::new(third_user_id)?;
    Ok(Condition::any()
        .add(Column::SuiteId.gt(suite_id.clone()))
        .add(
            Condition::all()
                .add(Column::SuiteId.eq(suite_id.clone()))
                .add(Column::CorpId.gt(corp_id.clone())),
        )
        .add(
            Condition::all()
                .add(Column::SuiteId.eq(suite_id))
                .add(Column::CorpId.eq(corp_id))
                .add(Column::ThirdUserId.gt(third_user_id)),
        ))
}

fn user_not_found() -> Error {
    Error::new(ErrorKind::UserNotFound, "no person has this id")
}
