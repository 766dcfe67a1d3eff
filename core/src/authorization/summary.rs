//! The list of corps, as an operator sees it.

use std::collections::HashMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde::{Deserialize, Serialize};

use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity, Model};
use crate::db::entity::organization_code;
use crate::domain::{AgentId, AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;

/// One corp in the list of corps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorpSummary {
    /// The suite that the corp authorized.
    pub suite_id: SuiteId,
    /// The corp.
    pub corp_id: CorpId,
    /// Its name.
    pub corp_name: String,
    /// Its app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The state of the authorization.
    pub status: AuthorizationStatus,
    /// Its organization code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_code: Option<String>,
    /// The errcode that broke the authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<i64>,
    /// The other ids that the corp is known by.
    #[serde(skip)]
    pub aliases: Vec<CorpId>,
    /// Since when the corp's end, which WeCom confirmed, waits for
    /// [`AdminService::confirm_corp_end`](crate::AdminService::confirm_corp_end).
    #[serde(skip)]
    pub end_held_since: Option<Timestamp>,
}

impl CorpSummary {
    pub(super) fn new(row: &Model, org_code: Option<String>, aliases: Vec<CorpId>) -> Self {
        Self {
            suite_id: row.suite_id.clone(),
            corp_id: row.corp_id.clone(),
            corp_name: row.corp_name.clone(),
            agent_id: row.agent_id,
            status: row.status,
            org_code,
            broken_by: row.broken_by,
            aliases,
            end_held_since: row.end_held_at,
        }
    }
}

impl Authorizations {
    /// Every corp of our suites.
    pub(crate) async fn summaries(&self) -> Result<Vec<CorpSummary>> {
        let database = self.inner.store.database();
        let suites = self.inner.suites.ids();
        let rows = Entity::find()
            .filter(Column::SuiteId.is_in(suites.clone()))
            // A row that only holds an epoch is no authorization.
            .filter(Column::SecretVersion.gt(0))
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .all(database)
            .await?;
        let mut codes: HashMap<_, _> = organization_code::Entity::find()
            .filter(organization_code::Column::SuiteId.is_in(suites))
            .all(database)
            .await?
            .into_iter()
            .map(|code| ((code.suite_id, code.corp_id), code.spelling))
            .collect();
        let summary = |row: Model| {
            let key = (row.suite_id.clone(), row.corp_id.clone());
            let aliases = self.inner.aliases.of(&row.suite_id, &row.corp_id);
            CorpSummary::new(&row, codes.remove(&key), aliases)
        };
        Ok(rows.into_iter().map(summary).collect())
    }
}
