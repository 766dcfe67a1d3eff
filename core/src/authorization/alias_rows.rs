//! The stored aliases of corps: a pair of ids, or that a corp has no other id.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::authorization;
use crate::db::entity::corp_alias::{ActiveModel, Column, Entity};
use crate::db::{CorpColumns as _, Transaction, lock_counter, retry_transaction};
use crate::domain::{CorpAlias, CorpId, SuiteId};
use crate::error::Result;
use crate::revocation::{Revocation, log};

impl Authorizations {
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
        administrator: Option<&Actor>,
    ) -> Result<()> {
        let (plain, encrypted) = (
            self.stored_spelling(suite_id, plain),
            self.stored_spelling(suite_id, encrypted),
        );
        if plain == encrypted {
            return Ok(());
        }
        let (alias, corp_id) = loop {
            let store = || self.store_pair_once(suite_id, &plain, &encrypted, administrator);
            if let Some(stored) = retry_transaction(store).await? {
                break stored;
            }
        };
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

    /// Returns the alias and the id that is stored; none, and stores nothing, if the corp got its first row meanwhile.
    async fn store_pair_once(
        &self,
        suite_id: &SuiteId,
        plain: &CorpId,
        encrypted: &CorpId,
        administrator: Option<&Actor>,
    ) -> Result<Option<(CorpId, CorpId)>> {
        let transaction = self.inner.store.begin().await?;
        let of_plain = self.lock_row(&transaction, suite_id, plain).await?;
        let of_encrypted = self.lock_row(&transaction, suite_id, encrypted).await?;
        let (alias, corp_id) = match (of_plain, of_encrypted) {
            (Some(plain), Some(encrypted)) => {
                self.join_rows(&transaction, plain, encrypted).await?
            }
            (of_plain, of_encrypted) => {
                lock_ids(&transaction).await?;
                // A row that is not there cannot be locked.
                for (id, known) in [(plain, &of_plain), (encrypted, &of_encrypted)] {
                    if known.is_none() && has_row(&transaction, suite_id, id).await? {
                        transaction.rollback().await?;
                        return Ok(None);
                    }
                }
                if of_plain.is_some() {
                    (encrypted.clone(), plain.clone())
                } else {
                    // What WeCom pushes for a company that authorizes today.
                    (plain.clone(), encrypted.clone())
                }
            }
        };
        write_alias(
            &transaction,
            self.inner.store.now(),
            suite_id,
            &alias,
            &corp_id,
        )
        .await?;
        if let Some(actor) = administrator {
            let entry = NewAuditEntry::new(actor.clone(), AuditAction::CorpAliasAdded)
                .of_corp(suite_id, &corp_id)
                .with_detail(alias.as_str());
            audit::append(&transaction, &entry, self.inner.store.now()).await?;
        }
        self.announce(&transaction, suite_id, &corp_id).await?;
        transaction.commit().await?;
        // An alias has no row any more.
        self.invalidate(suite_id, &alias, 0);
        Ok(Some((alias, corp_id)))
    }

    /// Stores that WeCom was asked for another id of a corp and named none, unless one was said meanwhile.
    pub(super) async fn store_no_pair(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        if retry_transaction(|| self.store_no_pair_once(suite_id, corp_id)).await? {
            self.inner.aliases.insert(CorpAlias {
                suite_id: suite_id.clone(),
                alias: corp_id.clone(),
                corp_id: corp_id.clone(),
            });
        }
        Ok(())
    }

    async fn store_no_pair_once(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let now = self.inner.store.now();
        let transaction = self.inner.store.begin().await?;
        lock_ids(&transaction).await?;
        let is_part = Column::AliasCorpId.eq(corp_id.normalized());
        let is_part = is_part.or(Column::CorpId.eq(corp_id.clone()));
        let of_suite = Entity::find().filter(Column::SuiteId.eq(suite_id.clone()));
        let is_said = of_suite.filter(is_part).one(&transaction).await?.is_some();
        if is_said {
            transaction.rollback().await?;
            return Ok(false);
        }
        write_alias(&transaction, now, suite_id, corp_id, corp_id).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Makes room for the first row of a corp: the id that it is stored under is the one that it comes in with, even if
    /// another one was taken for it before it was authorized. Returns `false` if the corp has got a row meanwhile, under
    /// this id or another. As the last before the row is inserted: the ids of corps are locked from here on.
    pub(super) async fn store_under(
        &self,
        transaction: &Transaction,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<bool> {
        lock_ids(transaction).await?;
        if has_row(transaction, suite_id, corp_id).await? {
            return Ok(false);
        }
        let known = Entity::find_by_id((suite_id.clone(), corp_id.normalized()))
            .one(transaction)
            .await?;
        let Some(known) = known.filter(|known| known.corp_id != *corp_id) else {
            return Ok(true);
        };
        if has_row(transaction, suite_id, &known.corp_id).await? {
            return Ok(false);
        }
        let now = self.inner.store.now();
        write_alias(transaction, now, suite_id, &known.corp_id, corp_id).await?;
        Ok(true)
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
}

/// Locks the ids of corps until the transaction ends: no other corp gets its first row, and no alias is written. After
/// the rows of authorizations, by the lock of the announcements, which every change of them takes last.
async fn lock_ids(transaction: &Transaction) -> Result<()> {
    lock_counter(transaction).await
}

async fn has_row(transaction: &Transaction, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
    let row = authorization::Entity::find_by_id((suite_id.clone(), corp_id.clone()));
    Ok(row.one(transaction).await?.is_some())
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
