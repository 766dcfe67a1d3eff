//! The search for corps: by status, name, id and organization code, page by page.

use std::collections::HashMap;

use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::authorization::CorpSummary;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::details::CorpDetails;
use crate::db::entity::authorization::{Column, Entity, Model};
use crate::db::entity::{corp_alias, member, organization_code};
use crate::db::{id_starts_with, text_contains};
use crate::domain::{AuthorizationStatus, CorpId, Page, PageCursor, SuiteId};
use crate::error::{Error, ErrorKind, Result};

/// Which corps are listed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CorpQuery {
    /// Only those of this suite.
    pub suite_id: Option<SuiteId>,
    /// Only those in this state.
    pub status: Option<AuthorizationStatus>,
    /// Only those whose name contains this text, whose id or other id begins with it, or whose organization code it is.
    pub text: Option<String>,
    /// The page after this cursor; the first one without it.
    pub after: Option<PageCursor>,
}

impl CorpQuery {
    /// Every corp.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the suite.
    #[must_use]
    pub fn with_suite_id(mut self, suite_id: SuiteId) -> Self {
        self.suite_id = Some(suite_id);
        self
    }

    /// Sets the state.
    #[must_use]
    pub const fn with_status(mut self, status: AuthorizationStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the text that is searched for.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets where the page begins.
    #[must_use]
    pub fn with_after(mut self, after: PageCursor) -> Self {
        self.after = Some(after);
        self
    }
}

impl Authorizations {
    /// A page of corps, by suite and corp.
    ///
    /// # Errors
    /// `API_PARAMS_ERROR`: the cursor is of another list. The database does not answer.
    pub(crate) async fn search(&self, query: &CorpQuery, limit: u64) -> Result<Page<CorpDetails>> {
        let mut select = Entity::find()
            .filter(Column::SuiteId.is_in(self.inner.suites.ids()))
            // A row that only holds an epoch is no authorization.
            .filter(Column::SecretVersion.gt(0))
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .limit(limit.saturating_add(1));
        if let Some(suite_id) = &query.suite_id {
            select = select.filter(Column::SuiteId.eq(suite_id.clone()));
        }
        if let Some(status) = query.status {
            select = select.filter(Column::Status.eq(status));
        }
        if let Some(text) = &query.text {
            select = select.filter(matches_text(text));
        }
        if let Some(after) = &query.after {
            let [suite_id, corp_id] = after.parts()?;
            let (suite_id, corp_id) = (SuiteId::new(suite_id)?, CorpId::new(corp_id)?);
            let later = Condition::any()
                .add(Column::SuiteId.gt(suite_id.clone()))
                .add(
                    Condition::all()
                        .add(Column::SuiteId.eq(suite_id))
                        .add(Column::CorpId.gt(corp_id)),
                );
            select = select.filter(later);
        }
        let rows = select.all(self.inner.store.database()).await?;
        let mut page = Page::of_query(rows, limit, |row: &Model| {
            PageCursor::after(&[row.suite_id.as_str(), row.corp_id.as_str()])
        });
        let rows = std::mem::take(&mut page.items);
        let details = self.details(rows).await?;
        Ok(page.with_items(details))
    }

    /// Everything about one corp.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`. The database does not answer.
    pub(crate) async fn find_details(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<CorpDetails> {
        let row = Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .filter(Column::SecretVersion.gt(0))
            .one(self.inner.store.database())
            .await?;
        let details = self.details(row.into_iter().collect()).await?;
        details.into_iter().next().ok_or_else(corp_not_found)
    }

    /// The authorization that an administrator means, by the ids that are stored.
    ///
    /// # Errors
    /// `CORP_NOT_FOUND`; `API_PARAMS_ERROR` if several suites have the corp and none is named, or the one that is named is
    /// not configured. The database does not answer.
    pub(crate) async fn require_corp(
        &self,
        suite_id: Option<&SuiteId>,
        corp_id: &CorpId,
    ) -> Result<(SuiteId, CorpId)> {
        let suites = match suite_id {
            Some(suite_id) => {
                if self.inner.suites.find(suite_id).is_none() {
                    let detail = "suiteId is not the id of a suite that is configured";
                    return Err(Error::new(ErrorKind::ApiParams, detail));
                }
                vec![suite_id.clone()]
            }
            None => self.inner.suites.ids(),
        };
        let mut known = Vec::new();
        for suite_id in suites {
            let stored = self.resolve(&suite_id, corp_id).await?;
            let found = self.find(&suite_id, &stored).await?;
            if found.is_some_and(|found| found.secret_version > 0) {
                known.push((suite_id, stored));
            }
        }
        if known.len() > 1 {
            let detail = "suiteId is missing: the corp is under several suites";
            return Err(Error::new(ErrorKind::ApiParams, detail));
        }
        known.pop().ok_or_else(corp_not_found)
    }

    async fn details(&self, rows: Vec<Model>) -> Result<Vec<CorpDetails>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let database = self.inner.store.database();
        let suites: Vec<SuiteId> = rows.iter().map(|row| row.suite_id.clone()).collect();
        let corps: Vec<CorpId> = rows.iter().map(|row| row.corp_id.clone()).collect();
        let mut codes: HashMap<_, _> = organization_code::Entity::find()
            .filter(organization_code::Column::SuiteId.is_in(suites.clone()))
            .filter(organization_code::Column::CorpId.is_in(corps.clone()))
            .all(database)
            .await?
            .into_iter()
            .map(|code| ((code.suite_id, code.corp_id), code.spelling))
            .collect();
        let people: Vec<(SuiteId, CorpId, i64)> = member::Entity::find()
            .select_only()
            .column(member::Column::SuiteId)
            .column(member::Column::CorpId)
            .column_as(member::Column::ThirdUserId.count(), "people")
            .filter(member::Column::SuiteId.is_in(suites.clone()))
            .filter(member::Column::CorpId.is_in(corps.clone()))
            .group_by(member::Column::SuiteId)
            .group_by(member::Column::CorpId)
            .into_tuple()
            .all(database)
            .await?;
        let people = by_corp(people);
        let counted = self
            .inner
            .sessions
            .count_machines_by_corp(suites.clone(), corps.clone());
        let machines = by_corp(counted.await?);
        let sessions = by_corp(self.inner.sessions.count_by_corp(suites, corps).await?);
        let number_of = |counts: &HashMap<_, u64>, row: &Model| {
            let key = (row.suite_id.clone(), row.corp_id.clone());
            counts.get(&key).copied().unwrap_or(0)
        };
        let details = rows.into_iter().map(|row| {
            let code = codes.remove(&(row.suite_id.clone(), row.corp_id.clone()));
            let aliases = self.inner.aliases.of(&row.suite_id, &row.corp_id);
            let summary = CorpSummary::new(&row, code, aliases);
            let counts = (
                number_of(&people, &row),
                number_of(&sessions, &row),
                number_of(&machines, &row),
            );
            CorpDetails::new(summary, row, counts)
        });
        Ok(details.collect())
    }
}

/// The error for an id that no authorization bears, to administrators.
pub(super) fn corp_not_found() -> Error {
    Error::new(ErrorKind::CorpNotFound, "no authorization bears this id")
}

fn by_corp(counts: Vec<(SuiteId, CorpId, i64)>) -> HashMap<(SuiteId, CorpId), u64> {
    let counts = counts.into_iter();
    let by_corp = counts
        .map(|(suite_id, corp_id, count)| ((suite_id, corp_id), u64::try_from(count).unwrap_or(0)));
    by_corp.collect()
}

fn matches_text(text: &str) -> Condition {
    let by_alias = Query::select()
        .column(corp_alias::Column::CorpId)
        .from(corp_alias::Entity)
        .cond_where(id_starts_with(
            corp_alias::Column::AliasCorpId,
            &text.to_lowercase(),
        ))
        .to_owned();
    let exact_alias = Query::select()
        .column(corp_alias::Column::CorpId)
        .from(corp_alias::Entity)
        .cond_where(id_starts_with(corp_alias::Column::AliasCorpId, text))
        .to_owned();
    let by_code = Query::select()
        .column(organization_code::Column::CorpId)
        .from(organization_code::Entity)
        .and_where(organization_code::Column::Code.eq(text.to_lowercase().into_bytes()))
        .to_owned();
    Condition::any()
        .add(text_contains(Column::CorpName, text))
        .add(id_starts_with(Column::CorpId, text))
        .add(id_starts_with(Column::CorpId, &text.to_lowercase()))
        .add(Column::CorpId.in_subquery(by_alias))
        .add(Column::CorpId.in_subquery(exact_alias))
        .add(Column::CorpId.in_subquery(by_code))
}
