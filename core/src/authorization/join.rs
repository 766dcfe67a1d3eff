//! Two authorizations that turn out to be of one corp become one.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::authorization::authorization::{Authorization, seal_code};
use crate::authorization::authorizations::Authorizations;
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::entity::{access_token, login_code, member, organization_code, session, user};
use crate::db::{CorpColumns as _, Transaction};
use crate::domain::{CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::revocation::{Revocation, log};
use crate::tokens::Tokens;

impl Authorizations {
    /// Joins two rows of one corp: the older one stays, with the newer permanent code, at equal seconds that of the younger
    /// row. Members who are known under one of
    /// them only stay who they are; sessions under the row that goes are revoked. Returns the id that goes and the one
    /// that stays.
    pub(super) async fn join_rows(
        &self,
        transaction: &Transaction,
        one: Authorization,
        other: Authorization,
    ) -> Result<(CorpId, CorpId)> {
        let rank = |row: &Authorization| (row.secret_version == 0, row.created_at);
        let (stays, goes) = if rank(&one) <= rank(&other) {
            (one, other)
        } else {
            (other, one)
        };
        let (suite_id, from, to) = (&stays.suite_id, &goes.corp_id, &stays.corp_id);
        if let Some(code) = &goes.permanent_code
            && (stays.permanent_code.is_none() || goes.event_time >= stays.event_time)
        {
            let sealed = seal_code(&self.inner.keys, suite_id, to, code)?;
            let version = Ord::max(stays.secret_version, goes.secret_version) + 1;
            Entity::update_many()
                .col_expr(Column::PermanentCode, Expr::value(sealed))
                .col_expr(Column::Status, Expr::value(goes.status))
                .col_expr(
                    Column::AgentId,
                    Expr::value(goes.agent_id.or(stays.agent_id)),
                )
                .col_expr(Column::SecretVersion, Expr::value(version))
                .col_expr(Column::EventTime, Expr::value(goes.event_time))
                .col_expr(Column::CodeEventTime, Expr::value(Some(goes.event_time)))
                .col_expr(Column::BrokenBy, Expr::value(goes.broken_by))
                .col_expr(Column::BrokenAt, Expr::value(goes.broken_at))
                .col_expr(Column::State, Expr::value(goes.state.clone()))
                .col_expr(Column::InstalledBy, Expr::value(goes.installed_by.clone()))
                .col_expr(Column::ReadDueAt, Expr::value(self.inner.store.now()))
                .filter(Entity::of_corp(suite_id, to))
                .exec(transaction)
                .await?;
        }
        for corp_id in [from, to] {
            access_token::Entity::delete_many()
                .filter(access_token::Column::Id.is_in(Tokens::app_row_ids(suite_id, corp_id)))
                .exec(transaction)
                .await?;
        }
        macro_rules! delete_all {
            ($($table:ident),*) => {$(
                $table::Entity::delete_many()
                    .filter($table::Entity::of_corp(suite_id, from))
                    .exec(transaction)
                    .await?;
            )*};
        }
        move_organization_code(transaction, suite_id, from, to).await?;
        move_members(transaction, suite_id, from, to).await?;
        delete_all!(login_code, organization_code, session, member, user);
        Entity::delete_by_id((suite_id.clone(), from.clone()))
            .exec(transaction)
            .await?;
        let end = Revocation::Authorization {
            suite_id: suite_id.clone(),
            corp_id: from.clone(),
            epoch: goes.epoch + 1,
        };
        log::append(transaction, &end, self.inner.store.now()).await?;
        Ok((goes.corp_id, stays.corp_id))
    }
}

async fn move_organization_code(
    transaction: &Transaction,
    suite_id: &SuiteId,
    from: &CorpId,
    to: &CorpId,
) -> Result<()> {
    use organization_code::{Column, Entity};
    let own = Entity::find()
        .filter(Entity::of_corp(suite_id, to))
        .one(transaction)
        .await?;
    if own.is_none() {
        Entity::update_many()
            .col_expr(Column::CorpId, Expr::value(to.clone()))
            .filter(Entity::of_corp(suite_id, from))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Members and their bindings move, unless the same userid is known under the other id already.
async fn move_members(
    transaction: &Transaction,
    suite_id: &SuiteId,
    from: &CorpId,
    to: &CorpId,
) -> Result<()> {
    macro_rules! move_rows {
        ($($table:ident),*) => {$(
            let known: Vec<WecomUserId> = $table::Entity::find()
                .select_only()
                .column($table::Column::ThirdUserId)
                .filter($table::Entity::of_corp(suite_id, to))
                .into_tuple()
                .all(transaction)
                .await?;
            let moving: Vec<WecomUserId> = $table::Entity::find()
                .select_only()
                .column($table::Column::ThirdUserId)
                .filter($table::Entity::of_corp(suite_id, from))
                .into_tuple()
                .all(transaction)
                .await?;
            for third_user_id in moving.into_iter().filter(|id| !known.contains(id)) {
                $table::Entity::update_many()
                    .col_expr($table::Column::CorpId, Expr::value(to.clone()))
                    .filter($table::Entity::of_corp(suite_id, from))
                    .filter($table::Column::ThirdUserId.eq(third_user_id))
                    .exec(transaction)
                    .await?;
            }
        )*};
    }
    move_rows!(user, member);
    member::Entity::update_many()
        .col_expr(member::Column::VisibleAt, Expr::value(None::<Timestamp>))
        .filter(member::Entity::of_corp(suite_id, to))
        .exec(transaction)
        .await?;
    Ok(())
}
