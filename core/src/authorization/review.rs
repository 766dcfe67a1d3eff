//! The review of a new authorization: WeCom names the app, the host app decides.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::authorization::authorization::not_authorized;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::next_epoch;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::failpoint;
use crate::hooks::CorpDecision;

impl Authorizations {
    /// Completes an exchange: reads agentId and name from WeCom, and has the host app review the corp.
    pub(crate) async fn admit(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        // A failed re-read is due again by itself. It does not hold up the review.
        if let Err(error) = self.read(suite_id, corp_id).await {
            tracing::warn!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not read a new authorization yet");
        }
        failpoint::reach("admit/read");
        self.request_review(suite_id, corp_id).await?;
        failpoint::reach("admit/reviewed");
        Ok(())
    }

    /// Calls the review hook for a held corp, and the authorized hook once the corp is active.
    pub(super) async fn request_review(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let known = self
            .read_row(self.inner.store.database(), suite_id, corp_id)
            .await?;
        let Some(known) = known else { return Ok(()) };
        if let Some(errcode) = known.broken_by {
            // WeCom has just refused its permanent code: a newer event ended or changed it.
            return Err(not_authorized().with_errcode(errcode));
        }
        let corp = known.corp_info();
        let is_active = match known.status {
            AuthorizationStatus::Active => true,
            AuthorizationStatus::Held => {
                let decision = self.inner.hooks.review_authorization(&corp).await?;
                self.set_decision(suite_id, corp_id, decision).await?;
                failpoint::reach("admit/decided");
                decision == CorpDecision::Approve
            }
            _ => false,
        };
        if is_active {
            // Also for a decision after which the process died.
            self.inner.departed.restore(suite_id, corp_id).await?;
            self.inner.hooks.corp_authorized(&corp).await;
        }
        Ok(())
    }

    /// Approves a held corp, defers or denies it. Deferring and denying revoke the sessions of its members.
    pub(crate) async fn set_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
    ) -> Result<()> {
        use AuthorizationStatus::{Active, Broken, Held, Refused};
        let status = match decision {
            CorpDecision::Approve => Active,
            CorpDecision::Defer => Held,
            CorpDecision::Deny => Refused,
        };
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status))
            .filter(Column::Status.is_in(if status == Active {
                vec![Held, Refused]
            } else {
                vec![Active, Broken, Held, Refused]
            }));
        if status != Active {
            update = update.col_expr(Column::Epoch, next_epoch());
        }
        let is_set = self.update(suite_id, corp_id, update).await?
            || self
                .find(suite_id, corp_id)
                .await?
                .is_some_and(|row| row.status == status);
        if !is_set {
            return Err(not_authorized());
        }
        if status == Active {
            self.inner.departed.restore(suite_id, corp_id).await?;
        }
        Ok(())
    }
}
