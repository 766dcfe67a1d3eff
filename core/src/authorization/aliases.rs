//! The ids of a corp: every id that comes in is resolved to the one that its authorization is stored under.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::corp_alias::{Column, Entity, Model};
use crate::db::entity::{authorization, callback_record};
use crate::domain::{CorpAlias, CorpAliases, CorpId, Principal, RecordStatus, SuiteId};
use crate::error::Result;

impl Authorizations {
    /// The ids that corps are known by, in memory.
    pub(crate) fn aliases(&self) -> &CorpAliases {
        &self.inner.aliases
    }

    /// The id that a corp is stored under, whichever of its ids this is. An id that no corp is known by stays as it is,
    /// a plain one in lower case.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn resolve(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<CorpId> {
        self.read_unresolved_pins(suite_id).await?;
        let aliases = &self.inner.aliases;
        let resolved = aliases.resolve(suite_id, corp_id);
        if self.find(suite_id, &resolved).await?.is_some() {
            return Ok(resolved);
        }
        // Another node may have learnt it.
        self.read_aliases(suite_id, std::slice::from_ref(corp_id))
            .await?;
        Ok(aliases.resolve(suite_id, corp_id))
    }

    /// The principal under the id that its corp is stored under.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn resolve_corp_of(&self, principal: &Principal) -> Result<Principal> {
        Ok(Principal {
            corp_id: self
                .resolve(&principal.suite_id, &principal.corp_id)
                .await?,
            ..principal.clone()
        })
    }

    /// The id that an authorization is stored under; none if no authorization bears this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn resolve_known(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Option<CorpId>> {
        let resolved = self.resolve(suite_id, corp_id).await?;
        let is_known = self.find(suite_id, &resolved).await?.is_some();
        Ok(is_known.then_some(resolved))
    }

    /// Reads every alias of our suites into memory.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn load_aliases(&self) -> Result<()> {
        while !self.load_aliases_once().await? {}
        Ok(())
    }

    /// Returns whether no change was applied meanwhile.
    async fn load_aliases_once(&self) -> Result<bool> {
        let read = self.inner.aliases.begin_read();
        let (database, suites) = (self.inner.store.database(), self.inner.suites.ids());
        let mut aliases: Vec<CorpAlias> = Entity::find()
            .filter(Column::SuiteId.is_in(suites.clone()))
            .all(database)
            .await?
            .into_iter()
            .map(CorpAlias::from)
            .collect();
        let corps: Vec<(SuiteId, CorpId)> = authorization::Entity::find()
            .select_only()
            .column(authorization::Column::SuiteId)
            .column(authorization::Column::CorpId)
            .filter(authorization::Column::SuiteId.is_in(suites))
            .into_tuple()
            .all(database)
            .await?;
        let stored: HashSet<(&SuiteId, &CorpId)> =
            corps.iter().map(|(suite, corp)| (suite, corp)).collect();
        aliases.retain(|alias| is_alias(alias, &stored));
        // Earlier versions stored plain ids in the case that they came in.
        let in_other_case = corps
            .iter()
            .filter(|(_, corp_id)| corp_id.normalized() != *corp_id);
        aliases.extend(in_other_case.map(|(suite_id, corp_id)| CorpAlias {
            suite_id: suite_id.clone(),
            alias: corp_id.normalized(),
            corp_id: corp_id.clone(),
        }));
        Ok(self.inner.aliases.replace_all(read, aliases))
    }

    /// While a pin that has to be resolved is not, another node may have resolved it.
    async fn read_unresolved_pins(&self, suite_id: &SuiteId) -> Result<()> {
        let unresolved: Vec<CorpId> = self
            .unresolved_pins()
            .filter(|pin| pin.must_be_resolved && pin.suite_id == *suite_id)
            .map(|pin| pin.corp_id.clone())
            .collect();
        if unresolved.is_empty() {
            return Ok(());
        }
        self.read_aliases(suite_id, &unresolved).await
    }

    /// Reads the aliases that these ids are part of.
    pub(super) async fn read_aliases(&self, suite_id: &SuiteId, corp_ids: &[CorpId]) -> Result<()> {
        while !self.read_aliases_once(suite_id, corp_ids).await? {}
        Ok(())
    }

    /// Returns whether no change was applied meanwhile.
    async fn read_aliases_once(&self, suite_id: &SuiteId, corp_ids: &[CorpId]) -> Result<bool> {
        let read = self.inner.aliases.begin_read();
        let normalized: Vec<CorpId> = corp_ids.iter().map(CorpId::normalized).collect();
        let rows = Entity::find()
            .filter(Column::SuiteId.eq(suite_id.clone()))
            .filter(
                Column::AliasCorpId
                    .is_in(normalized.clone())
                    .or(Column::CorpId.is_in(normalized.clone())),
            )
            .all(self.inner.store.database())
            .await?;
        let mut rows: Vec<CorpAlias> = rows.into_iter().map(CorpAlias::from).collect();
        if rows.iter().any(|row| row.alias != row.corp_id) {
            let named = rows.iter().map(|row| row.alias.clone());
            let stored: Vec<(SuiteId, CorpId)> = authorization::Entity::find()
                .select_only()
                .column(authorization::Column::SuiteId)
                .column(authorization::Column::CorpId)
                .filter(authorization::Column::SuiteId.eq(suite_id.clone()))
                .filter(authorization::Column::CorpId.is_in(named))
                .into_tuple()
                .all(self.inner.store.database())
                .await?;
            let stored = stored.iter().map(|(suite, corp)| (suite, corp)).collect();
            rows.retain(|row| is_alias(row, &stored));
        }
        let aliases = &self.inner.aliases;
        Ok(aliases.replace(read, suite_id, &normalized, &rows))
    }

    /// The members of a corp have encrypted ids, those who were stored before this time too.
    pub(crate) async fn set_ids_moved(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        at: Timestamp,
    ) -> Result<()> {
        use authorization::{Column, Entity};
        let update = Entity::update_many()
            .col_expr(Column::IdsMovedAt, Expr::value(at))
            .filter(Column::IdsMovedAt.is_null());
        self.update(suite_id, corp_id, update).await?;
        Ok(())
    }

    /// Events of a corp that wait are due: of one that was not known, or about a member who was not.
    pub(crate) async fn wake_waiting(&self, suite_id: &SuiteId, corp_ids: &[CorpId]) -> Result<()> {
        use callback_record::{Column, Entity};
        Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(self.inner.store.now()))
            .filter(Column::SuiteId.eq(suite_id.clone()))
            .filter(Column::Status.eq(RecordStatus::Waiting))
            .filter(Column::CorpId.is_in(corp_ids.to_vec()))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }
}

/// Whether the id stands for the other one. An id that an authorization is stored under does not: an earlier version
/// could store a pair both ways round, where a corp authorized while its pair was learnt.
fn is_alias(alias: &CorpAlias, stored: &HashSet<(&SuiteId, &CorpId)>) -> bool {
    alias.alias == alias.corp_id || !stored.contains(&(&alias.suite_id, &alias.alias))
}

impl From<Model> for CorpAlias {
    fn from(row: Model) -> Self {
        Self {
            suite_id: row.suite_id,
            alias: row.alias_corp_id,
            corp_id: row.corp_id,
        }
    }
}
