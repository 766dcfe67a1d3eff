//! The deletion of a corp's data, once WeCom has confirmed the end of its authorization.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};

use crate::audit;
use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{NEVER_DUE, is_unchanged, next_epoch};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::entity::{
    access_token, login_code, member, member_alias, organization_code, session, user,
};
use crate::db::{CorpColumns as _, Sealed, delete_in_batches, retry_transaction};
use crate::domain::{AgentId, AuthorizationStatus, WecomUserId};
use crate::error::Result;
use crate::tokens::Tokens;

impl Authorizations {
    /// Deletes the permanent code and all data of a corp whose authorization is cancelled. The row with the ids stays, so
    /// that old sessions stay revoked; so does what the corp finds if it comes back in time.
    pub(super) async fn erase(&self, cancelled: &Authorization) -> Result<()> {
        self.inner
            .departed
            .store_members(&cancelled.suite_id, &cancelled.corp_id)
            .await?;
        self.erase_members(cancelled).await?;
        audit::forget_corp(&self.inner.store, &cancelled.suite_id, &cancelled.corp_id).await?;
        retry_transaction(|| self.erase_once(cancelled)).await
    }

    /// Deletes the bulk of a corp's data in batches, as long as the authorization is unchanged.
    async fn erase_members(&self, known: &Authorization) -> Result<()> {
        let unchanged = Entity::find()
            .select_only()
            .column(Column::CorpId)
            .filter(is_unchanged(known))
            .into_query();
        macro_rules! delete_in_batches {
            ($($table:ident by $key:ident: $type:ty),*) => {$(
                let of_corp = $table::Entity::of_corp(&known.suite_id, &known.corp_id)
                    .add($table::Column::CorpId.in_subquery(unchanged.clone()));
                delete_in_batches::<$table::Entity, $type>(&self.inner.store, $table::Column::$key, of_corp).await?;
            )*};
        }
        delete_in_batches!(session by Id: String, member by ThirdUserId: WecomUserId, user by ThirdUserId: WecomUserId);
        Ok(())
    }

    async fn erase_once(&self, known: &Authorization) -> Result<()> {
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let transaction = self.inner.store.begin().await?;
        let erased = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
            .col_expr(Column::PermanentCode, Expr::value(None::<Sealed>))
            .col_expr(Column::CorpName, Expr::value(""))
            .col_expr(Column::AgentId, Expr::value(None::<AgentId>))
            .col_expr(Column::State, Expr::value(None::<String>))
            .col_expr(Column::InstalledBy, Expr::value(None::<WecomUserId>))
            .col_expr(Column::BrokenBy, Expr::value(None::<i64>))
            .col_expr(Column::BrokenAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndConfirmedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndContradictedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndHeldAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::ReadDueAt, Expr::value(NEVER_DUE))
            .filter(is_unchanged(known))
            .exec(&transaction)
            .await?;
        if erased.rows_affected == 0 {
            return Ok(());
        }
        self.inner
            .departed
            .store_corp(&transaction, suite_id, corp_id)
            .await?;
        macro_rules! delete_all {
            ($($table:ident),*) => {$(
                $table::Entity::delete_many()
                    .filter($table::Entity::of_corp(suite_id, corp_id))
                    .exec(&transaction)
                    .await?;
            )*};
        }
        delete_all!(
            login_code,
            organization_code,
            member,
            member_alias,
            session,
            user
        );
        access_token::Entity::delete_many()
            .filter(access_token::Column::Id.is_in(Tokens::app_row_ids(suite_id, corp_id)))
            .exec(&transaction)
            .await?;
        self.commit(transaction, suite_id, corp_id).await?;
        tracing::info!(target: "wecom_login", %suite_id, %corp_id, "WeCom confirmed the end of an authorization; the corp is erased");
        Ok(())
    }
}
