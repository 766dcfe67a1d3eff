//! How an authorisation changes and ends.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::{Authorizations, next_epoch};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::entity::{access_token, login_code, member, organization_code, session, user};
use crate::db::{CorpColumns as _, Sealed, delete_in_batches, retry_transaction};
use crate::domain::AuthorizationStatus;
use crate::domain::{AgentId, CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::failpoint;
use crate::revocation::{Revocation, log};
use crate::tokens::Tokens;

/// By so much every epoch moves on when all sessions end: beyond any that came after the backup which was put back, and
/// which nodes that run have in memory.
const EPOCH_JUMP: i64 = 1_000_000;
/// Nothing is to be asked about an authorisation that is over.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

impl Authorizations {
    /// `change_auth` (D/100965): people's visibility is asked anew, the authorisation is read again. `false` if we do
    /// not know the company.
    pub(crate) async fn on_change_auth(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        event_time: i64,
    ) -> Result<bool> {
        let now = self.0.store.now();
        let update = Entity::update_many()
            .col_expr(Column::ChangedAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .filter(Column::PermanentCode.is_not_null());
        let known = self.update(suite_id, corp_id, update).await?;
        if known {
            tracing::debug!(target: "wecom_login", %suite_id, %corp_id, event_time, "an authorisation changed");
            self.reread(suite_id, corp_id).await?;
        }
        Ok(known)
    }

    /// `cancel_auth` (D/100965): logins stop and all sessions of the company end, at once. Data goes when WeCom
    /// confirms. A cancellation from before the newest authorisation only makes us ask. `false` if we do not know the
    /// company.
    /// `again` if an earlier run of this event may have died before it told the host app.
    pub(crate) async fn on_cancel_auth(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        event_time: i64,
        again: bool,
    ) -> Result<bool> {
        use AuthorizationStatus::{Active, Broken, Held, Refused};
        let Some(known) = self
            .read_row(self.0.store.database(), suite_id, corp_id)
            .await?
        else {
            return Ok(false);
        };
        let now = self.0.store.now();
        let stop = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::EventTime, Expr::value(event_time))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .filter(Column::EventTime.lte(event_time))
            .filter(Column::Status.is_in([Active, Broken, Held, Refused]));
        let stopped = self.update(suite_id, corp_id, stop).await?;
        failpoint::reach("cancel/stopped");
        if stopped || (again && known.status == AuthorizationStatus::Cancelled) {
            self.0.hooks.corp_cancelled(&known.corp_info()).await;
        }
        // Whether it is really the end is asked now, and again until WeCom answers.
        if let Err(error) = self.reread(suite_id, corp_id).await {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "a cancellation is not confirmed yet");
        }
        Ok(true)
    }

    /// WeCom confirmed the end: the permanent code and all data of the company go. What stays is that its sessions are
    /// over.
    pub(super) async fn erase(&self, known: &Authorization) -> Result<()> {
        if known.status != AuthorizationStatus::Cancelled {
            let stop = Entity::update_many()
                .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
                .col_expr(Column::Epoch, next_epoch())
                .col_expr(Column::ReadDueAt, Expr::value(self.0.store.now()))
                .filter(self.unchanged(known));
            if !self.update(&known.suite_id, &known.corp_id, stop).await? {
                return Ok(());
            }
            self.0.hooks.corp_cancelled(&known.corp_info()).await;
        }
        let stopped = self
            .read_row(self.0.store.database(), &known.suite_id, &known.corp_id)
            .await?;
        let Some(stopped) = stopped.filter(|stopped| {
            stopped.status == AuthorizationStatus::Cancelled
                && stopped.secret_version == known.secret_version
        }) else {
            return Ok(());
        };
        self.erase_people(&stopped).await?;
        retry_transaction(|| self.erase_once(&stopped)).await
    }

    /// The bulk of a company's data, batch by batch, as long as the authorisation is over.
    async fn erase_people(&self, known: &Authorization) -> Result<()> {
        let over = Entity::find()
            .select_only()
            .column(Column::CorpId)
            .filter(self.unchanged(known))
            .into_query();
        macro_rules! remove_all {
            ($($table:ident by $key:ident: $type:ty),*) => {$(
                let of_corp = $table::Entity::of_corp(&known.suite_id, &known.corp_id)
                    .add($table::Column::CorpId.in_subquery(over.clone()));
                delete_in_batches::<$table::Entity, $type>(&self.0.store, $table::Column::$key, of_corp).await?;
            )*};
        }
        remove_all!(session by Id: String, member by ThirdUserId: WecomUserId, user by ThirdUserId: WecomUserId);
        Ok(())
    }

    async fn erase_once(&self, known: &Authorization) -> Result<()> {
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let transaction = self.0.store.begin().await?;
        let erased = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Cancelled))
            .col_expr(Column::PermanentCode, Expr::value(None::<Sealed>))
            .col_expr(Column::CorpName, Expr::value(""))
            .col_expr(Column::AgentId, Expr::value(None::<AgentId>))
            .col_expr(Column::BrokenBy, Expr::value(None::<i64>))
            .col_expr(Column::Epoch, next_epoch())
            .col_expr(Column::ReadDueAt, Expr::value(NEVER))
            .filter(self.unchanged(known))
            .exec(&transaction)
            .await?
            .rows_affected
            > 0;
        if erased {
            macro_rules! delete_all {
                ($($table:ident),*) => {$(
                    $table::Entity::delete_many()
                        .filter($table::Entity::of_corp(suite_id, corp_id))
                        .exec(&transaction)
                        .await?;
                )*};
            }
            delete_all!(login_code, organization_code, member, session, user);
            access_token::Entity::delete_by_id(Tokens::app_row_id(suite_id, corp_id))
                .exec(&transaction)
                .await?;
            self.commit(transaction, suite_id, corp_id).await?;
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, "WeCom confirmed the end of an authorisation");
        }
        Ok(())
    }

    /// Ends every session of a company's people.
    pub(crate) async fn revoke_sessions(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let end = Entity::update_many().col_expr(Column::Epoch, next_epoch());
        self.update(suite_id, corp_id, end).await?;
        Ok(())
    }

    /// Ends every session of the service, and every login that is under way.
    pub(crate) async fn revoke_all_sessions(&self) -> Result<()> {
        retry_transaction(|| self.revoke_all_once()).await?;
        self.apply_revoke_all();
        Ok(())
    }

    /// Every session hangs on an authorisation's row, those of people whom WeCom did not prove too.
    async fn revoke_all_once(&self) -> Result<()> {
        let transaction = self.0.store.begin().await?;
        let leap = Expr::col(Column::Epoch).add(EPOCH_JUMP);
        Entity::update_many()
            .col_expr(Column::Epoch, leap)
            .exec(&transaction)
            .await?;
        log::append(&transaction, &Revocation::All, self.0.store.now()).await?;
        transaction.commit().await?;
        Ok(())
    }
}
