//! The userids of a member: found by either, moved from the plain one to the encrypted one.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
};

use crate::clock::Timestamp;
use crate::db::entity::member_alias::{ActiveModel, Column, Entity};
use crate::db::entity::{authorization, login_code, member, session};
use crate::db::{CorpColumns as _, PrincipalColumns as _, Transaction, retry_transaction};
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::Result;
use crate::members::members::Members;
use crate::revocation::{Revocation, log};

/// Another userid of a member.
#[derive(Clone, Debug)]
pub(super) struct MemberAlias {
    /// The member as it is stored.
    pub(super) stored: Principal,
    /// The userid that was looked up is the encrypted one that the member is to be moved to.
    pub(super) pending: bool,
}

impl Members {
    /// The member as it is stored, whichever of its userids this is. The corp is the one that is stored.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn resolve(&self, principal: &Principal) -> Result<Principal> {
        if self.find(principal).await?.is_some() {
            return Ok(principal.clone());
        }
        let alias = self.find_alias(principal).await?;
        Ok(alias.map_or_else(|| principal.clone(), |alias| alias.stored))
    }

    /// The member that this userid is another id of.
    pub(super) async fn find_alias(&self, principal: &Principal) -> Result<Option<MemberAlias>> {
        let row = Entity::find()
            .filter(of_alias(principal, &principal.third_user_id))
            .one(self.inner.store.database())
            .await?;
        Ok(row.map(|row| MemberAlias {
            stored: Principal::new(row.suite_id, row.corp_id, row.third_user_id),
            pending: row.pending,
        }))
    }

    /// The userids of a corp's members that were not moved, of those who were stored before `before`.
    pub(super) async fn not_moved(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<WecomUserId>> {
        let moved = Entity::find()
            .select_only()
            .column(Column::ThirdUserId)
            .filter(Entity::of_corp(suite_id, corp_id))
            .filter(Column::Pending.eq(false))
            .into_query();
        Ok(member::Entity::find()
            .select_only()
            .column(member::Column::ThirdUserId)
            .filter(member::Entity::of_corp(suite_id, corp_id))
            .filter(member::Column::CreatedAt.lt(before))
            .filter(member::Column::ThirdUserId.not_in_subquery(moved))
            // Whoever was seen since is seen under the id that the row has.
            .filter(
                Condition::any()
                    .add(member::Column::VisibleAt.is_null())
                    .add(member::Column::VisibleAt.lt(before)),
            )
            .order_by_asc(member::Column::ThirdUserId)
            .limit(limit)
            .into_tuple()
            .all(self.inner.store.database())
            .await?)
    }

    /// The userids of a corp's members of whom no other id is known.
    pub(super) async fn without_alias(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        limit: u64,
    ) -> Result<Vec<WecomUserId>> {
        let known = Entity::find()
            .select_only()
            .column(Column::ThirdUserId)
            .filter(Entity::of_corp(suite_id, corp_id))
            .into_query();
        Ok(member::Entity::find()
            .select_only()
            .column(member::Column::ThirdUserId)
            .filter(member::Entity::of_corp(suite_id, corp_id))
            .filter(member::Column::ThirdUserId.not_in_subquery(known))
            .order_by_asc(member::Column::ThirdUserId)
            .limit(limit)
            .into_tuple()
            .all(self.inner.store.database())
            .await?)
    }

    /// Whether this userid is the encrypted one of a member who is stored under the plain one.
    pub(crate) async fn is_to_be_moved(
        &self,
        stored: &Principal,
        third_user_id: &WecomUserId,
    ) -> Result<bool> {
        let named = Principal {
            third_user_id: third_user_id.clone(),
            ..stored.clone()
        };
        let alias = self.find_alias(&named).await?;
        Ok(alias.is_some_and(|alias| alias.pending))
    }

    /// Stores the encrypted userid of a member, who is found by both from now on.
    pub(super) async fn store_pending_alias(
        &self,
        stored: &Principal,
        encrypted: &WecomUserId,
    ) -> Result<()> {
        retry_transaction(|| async {
            let transaction = self.inner.store.begin().await?;
            self.write_alias(&transaction, stored, encrypted, true)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// A member who was moved got another plain userid, or has a further id.
    pub(crate) async fn store_alias(&self, stored: &Principal, alias: &WecomUserId) -> Result<()> {
        retry_transaction(|| async {
            let transaction = self.inner.store.begin().await?;
            self.write_alias(&transaction, stored, alias, false).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Moves a member to another userid: the same user, and the sessions go on. Repeating it does no harm.
    pub(super) async fn move_to(&self, from: &Principal, to: &WecomUserId) -> Result<()> {
        let target = Principal {
            third_user_id: to.clone(),
            ..from.clone()
        };
        // First, since the host app may fail: until the row has moved, both ids find the member that the row names.
        self.inner.binder.rebind(from, &target).await?;
        let moved = retry_transaction(|| self.move_once(from, &target)).await?;
        if let Some((authorization_epoch, epoch)) = moved {
            // Sessions in memory name the member by the old userid: they are read again.
            self.inner
                .sessions
                .apply_member_epoch(from, authorization_epoch, epoch);
        }
        Ok(())
    }

    /// Returns the epochs that end what is in memory under the old userid; none if the member has moved.
    async fn move_once(&self, from: &Principal, target: &Principal) -> Result<Option<(i64, i64)>> {
        let transaction = self.inner.store.begin().await?;
        let row = member::Entity::find()
            .filter(member::Entity::of_principal(from))
            .lock_exclusive()
            .one(&transaction)
            .await?;
        let is_taken = member::Entity::find()
            .filter(member::Entity::of_principal(target))
            .one(&transaction)
            .await?
            .is_some();
        macro_rules! move_rows {
            ($($table:ident),*) => {$(
                $table::Entity::update_many()
                    .col_expr($table::Column::ThirdUserId, Expr::value(target.third_user_id.clone()))
                    .filter($table::Entity::of_principal(from))
                    .exec(&transaction)
                    .await?;
            )*};
        }
        macro_rules! delete_rows {
            ($($table:ident),*) => {$(
                $table::Entity::delete_many()
                    .filter($table::Entity::of_principal(from))
                    .exec(&transaction)
                    .await?;
            )*};
        }
        if is_taken {
            // Somebody logged in under the encrypted id before it was known whose it is, and stays who they are.
            delete_rows!(login_code, session, member);
        } else {
            move_rows!(login_code, session, member);
        }
        self.write_alias(&transaction, target, &from.third_user_id, false)
            .await?;
        let Some(row) = row else {
            transaction.commit().await?;
            return Ok(None);
        };
        let of_corp =
            authorization::Entity::find_by_id((from.suite_id.clone(), from.corp_id.clone()));
        let authorization_epoch = of_corp.one(&transaction).await?.map_or(0, |row| row.epoch);
        let epoch = row.epoch + 1;
        let moved = Revocation::of_member(from, authorization_epoch, epoch);
        log::append(&transaction, &moved, self.inner.store.now()).await?;
        transaction.commit().await?;
        Ok(Some((authorization_epoch, epoch)))
    }

    /// Makes a userid the alias of a stored member, in place of what the two were aliases of.
    async fn write_alias(
        &self,
        transaction: &Transaction,
        stored: &Principal,
        alias: &WecomUserId,
        pending: bool,
    ) -> Result<()> {
        let (suite_id, corp_id) = (&stored.suite_id, &stored.corp_id);
        Entity::delete_many()
            .filter(Entity::of_corp(suite_id, corp_id))
            .filter(Column::Alias.is_in([alias.clone(), stored.third_user_id.clone()]))
            .exec(transaction)
            .await?;
        Entity::update_many()
            .col_expr(
                Column::ThirdUserId,
                Expr::value(stored.third_user_id.clone()),
            )
            .filter(Entity::of_corp(suite_id, corp_id))
            .filter(Column::ThirdUserId.eq(alias.clone()))
            .exec(transaction)
            .await?;
        let row = ActiveModel {
            suite_id: Set(suite_id.clone()),
            corp_id: Set(corp_id.clone()),
            alias: Set(alias.clone()),
            third_user_id: Set(stored.third_user_id.clone()),
            pending: Set(pending),
            created_at: Set(self.inner.store.now()),
        };
        Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }
}

fn of_alias(principal: &Principal, alias: &WecomUserId) -> Condition {
    Entity::of_corp(&principal.suite_id, &principal.corp_id).add(Column::Alias.eq(alias.clone()))
}
