//! The ids of a corp: every id that comes in is resolved to the one that its authorization is stored under.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::corp_alias::{ActiveModel, Column, Entity, Model};
use crate::db::entity::{authorization, callback_record};
use crate::db::{CorpColumns as _, Transaction, retry_transaction};
use crate::domain::{CorpAlias, CorpAliases, CorpId, Principal, RecordStatus, SuiteId};
use crate::error::Result;
use crate::revocation::{Revocation, log};

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
        // Earlier versions stored plain ids in the case that they came in.
        let in_other_case = corps
            .into_iter()
            .filter(|(_, corp_id)| corp_id.normalized() != *corp_id);
        aliases.extend(in_other_case.map(|(suite_id, corp_id)| CorpAlias {
            suite_id,
            alias: corp_id.normalized(),
            corp_id,
        }));
        self.inner.aliases.replace_all(aliases);
        Ok(())
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
    async fn read_aliases(&self, suite_id: &SuiteId, corp_ids: &[CorpId]) -> Result<()> {
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
        let rows = rows.into_iter().map(CorpAlias::from);
        self.inner.aliases.replace(suite_id, &normalized, rows);
        Ok(())
    }

    /// Stores that two ids are one corp: what is stored under one of them stays there, and the other becomes its alias.
    /// Events that wait for a corp of either id are due.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn store_pair(
        &self,
        suite_id: &SuiteId,
        plain: &CorpId,
        encrypted: &CorpId,
    ) -> Result<()> {
        let (plain, encrypted) = (
            self.stored_spelling(suite_id, plain),
            self.stored_spelling(suite_id, encrypted),
        );
        if plain == encrypted {
            return Ok(());
        }
        let (alias, corp_id) =
            retry_transaction(|| self.store_pair_once(suite_id, &plain, &encrypted)).await?;
        tracing::info!(target: "wecom_login", %suite_id, %corp_id, %alias, "two ids are one corp");
        self.load_aliases().await?;
        self.wake_waiting(suite_id, &[plain, encrypted]).await
    }

    /// The spelling that rows of a plain id have: of an earlier version it may be in another case.
    fn stored_spelling(&self, suite_id: &SuiteId, corp_id: &CorpId) -> CorpId {
        let resolved = self.inner.aliases.resolve(suite_id, corp_id);
        if resolved.normalized() == corp_id.normalized() {
            resolved
        } else {
            corp_id.normalized()
        }
    }

    async fn store_pair_once(
        &self,
        suite_id: &SuiteId,
        plain: &CorpId,
        encrypted: &CorpId,
    ) -> Result<(CorpId, CorpId)> {
        let transaction = self.inner.store.begin().await?;
        let of_plain = self.lock_row(&transaction, suite_id, plain).await?;
        let of_encrypted = self.lock_row(&transaction, suite_id, encrypted).await?;
        let (alias, corp_id) = match (of_plain, of_encrypted) {
            (Some(plain), Some(encrypted)) => {
                self.join_rows(&transaction, plain, encrypted).await?
            }
            (Some(_), None) => (encrypted.clone(), plain.clone()),
            // What WeCom pushes for a company that authorizes today.
            (None, _) => (plain.clone(), encrypted.clone()),
        };
        write_alias(
            &transaction,
            self.inner.store.now(),
            suite_id,
            &alias,
            &corp_id,
        )
        .await?;
        self.announce(&transaction, suite_id, &corp_id).await?;
        transaction.commit().await?;
        // An alias has no row any more.
        self.invalidate(suite_id, &alias, 0);
        Ok((alias, corp_id))
    }

    /// Stores that WeCom was asked for another id of a corp and named none.
    pub(super) async fn store_no_pair(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let now = self.inner.store.now();
        retry_transaction(|| async {
            let transaction = self.inner.store.begin().await?;
            write_alias(&transaction, now, suite_id, corp_id, corp_id).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        self.inner.aliases.insert(CorpAlias {
            suite_id: suite_id.clone(),
            alias: corp_id.clone(),
            corp_id: corp_id.clone(),
        });
        Ok(())
    }

    /// Makes room for the first row of a corp: the id that it is stored under is the one that it comes in with, even if
    /// another one was taken for it before it was authorized.
    pub(super) async fn store_under(
        &self,
        transaction: &Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        let known = Entity::find_by_id((suite_id.clone(), corp_id.normalized()))
            .one(transaction)
            .await?;
        let Some(known) = known.filter(|known| known.corp_id != *corp_id) else {
            return Ok(());
        };
        let now = self.inner.store.now();
        write_alias(transaction, now, suite_id, &known.corp_id, corp_id).await
    }

    /// Tells the other nodes that something about a corp's ids changed. As the last statement before the commit.
    async fn announce(
        &self,
        transaction: &Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<()> {
        let row = authorization::Entity::find_by_id((suite_id.clone(), corp_id.clone()))
            .one(transaction)
            .await?;
        let revocation = Revocation::Authorization {
            suite_id: suite_id.clone(),
            corp_id: corp_id.clone(),
            epoch: row.map_or(0, |row| row.epoch),
        };
        log::append(transaction, &revocation, self.inner.store.now()).await
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

    /// Events of a corp that was not known are due.
    pub(super) async fn wake_waiting(&self, suite_id: &SuiteId, corp_ids: &[CorpId]) -> Result<()> {
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

impl From<Model> for CorpAlias {
    fn from(row: Model) -> Self {
        Self {
            suite_id: row.suite_id,
            alias: row.alias_corp_id,
            corp_id: row.corp_id,
        }
    }
}

/// Makes one id the alias of another, with whatever was an alias of it before.
async fn write_alias(
    transaction: &Transaction,
    now: Timestamp,
    suite_id: &SuiteId,
    alias: &CorpId,
    corp_id: &CorpId,
) -> Result<()> {
    let ids = [alias.normalized(), corp_id.normalized()];
    Entity::delete_many()
        .filter(Column::SuiteId.eq(suite_id.clone()))
        .filter(Column::AliasCorpId.is_in(ids))
        .exec(transaction)
        .await?;
    Entity::update_many()
        .col_expr(Column::CorpId, Expr::value(corp_id.clone()))
        .filter(Entity::of_corp(suite_id, alias))
        .exec(transaction)
        .await?;
    let row = ActiveModel {
        suite_id: Set(suite_id.clone()),
        alias_corp_id: Set(alias.normalized()),
        corp_id: Set(corp_id.clone()),
        created_at: Set(now),
    };
    Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}
