//! The review of a new authorization: WeCom names the app, the host app decides.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use crate::audit::{Actor, AuditAction, NewAuditEntry};
use crate::authorization::authorization::{Authorization, not_authorized};
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::next_epoch;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;
use crate::failpoint;
use crate::hooks::{CorpDecision, Notification, within_hook_timeout};

impl Authorizations {
    /// Completes an exchange: reads agentId and name from WeCom, then has the host app review the corp, or told that it
    /// is authorized. Neither is waited for.
    pub(crate) async fn admit(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        // A failed re-read is due again by itself. It does not hold up the review.
        if let Err(error) = self.reread(suite_id, corp_id).await {
            tracing::warn!(target: "wecom_login", %suite_id, %corp_id, ?error, "could not read a new authorization yet");
        }
        failpoint::reach("admit/read");
        let database = self.inner.store.database();
        let notifications = &self.inner.notifications;
        if let Some(known) = self.read_row(database, suite_id, corp_id).await? {
            if let Some(errcode) = known.broken_by
                && known.status != AuthorizationStatus::Cancelled
            {
                // WeCom has just refused its permanent code: a newer event ended or changed it.
                return Err(not_authorized().with_errcode(errcode));
            }
            match known.status {
                AuthorizationStatus::Held => {
                    notifications.expedite_review(suite_id, corp_id).await?;
                }
                AuthorizationStatus::Active => {
                    self.inner.departed.restore(suite_id, corp_id).await?;
                    let authorized = Notification::CorpAuthorized(known.corp_info());
                    notifications.append_alone(&authorized).await?;
                }
                _ => {}
            }
        }
        failpoint::reach("admit/reviewed");
        Ok(())
    }

    /// Asks the host app about a held corp and stores its decision. `Ok` if nothing is left to ask.
    ///
    /// # Errors
    /// The host app did not decide. It is to be asked again.
    pub(crate) async fn review(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let database = self.inner.store.database();
        let known = self.read_row(database, suite_id, corp_id).await?;
        let Some(known) = known.filter(|known| known.status == AuthorizationStatus::Held) else {
            return Ok(());
        };
        if let Some(errcode) = known.broken_by {
            return Err(not_authorized().with_errcode(errcode));
        }
        let corp = known.corp_info();
        let review = self.inner.hooks.review_authorization(&corp);
        let decision = within_hook_timeout("Hooks::review_authorization", review).await?;
        if decision == CorpDecision::Approve {
            // Before the decision, so that it is done whenever the process dies, and before the host app is told.
            self.inner.departed.restore(suite_id, corp_id).await?;
        }
        self.decide(&known, decision).await?;
        failpoint::reach("admit/decided");
        Ok(())
    }

    /// Approves a held corp, defers or denies it. Deferring and denying revoke the sessions of its members.
    pub(crate) async fn set_decision(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        decision: CorpDecision,
        actor: Actor,
    ) -> Result<()> {
        use AuthorizationStatus::{Active, Broken, Held, Refused};
        let database = self.inner.store.database();
        let known = self.read_row(database, suite_id, corp_id).await?;
        let known = known.ok_or_else(not_authorized)?;
        let before: &[_] = match decision {
            CorpDecision::Approve => &[Held, Refused],
            CorpDecision::Defer | CorpDecision::Deny => &[Active, Broken, Held, Refused],
        };
        let before = Condition::all().add(Column::Status.is_in(before.iter().copied()));
        let is_set = self.store_decision(&known, decision, before, actor).await?
            || self
                .find(suite_id, corp_id)
                .await?
                .is_some_and(|row| row.status == status_after(decision));
        if !is_set {
            return Err(not_authorized());
        }
        if decision == CorpDecision::Approve {
            self.inner.departed.restore(suite_id, corp_id).await?;
        }
        Ok(())
    }

    /// Stores the host app's decision about a corp that it was asked about, unless somebody else decided meanwhile, or WeCom
    /// refused the permanent code.
    async fn decide(&self, known: &Authorization, decision: CorpDecision) -> Result<()> {
        if decision != CorpDecision::Defer {
            let before = Condition::all()
                .add(Column::Status.eq(AuthorizationStatus::Held))
                .add(Column::BrokenBy.is_null());
            self.store_decision(known, decision, before, Actor::App)
                .await?;
        }
        Ok(())
    }

    /// Sets the status that a decision means, if the authorization is so, and stores a notification if the corp is authorized by
    /// it.
    async fn store_decision(
        &self,
        known: &Authorization,
        decision: CorpDecision,
        before: Condition,
        actor: Actor,
    ) -> Result<bool> {
        let entry = NewAuditEntry::new(actor, AuditAction::CorpDecided)
            .of_corp(&known.suite_id, &known.corp_id)
            .with_detail(match decision {
                CorpDecision::Approve => "approve",
                CorpDecision::Defer => "hold",
                CorpDecision::Deny => "deny",
            });
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status_after(decision)))
            .filter(before);
        if decision == CorpDecision::Approve {
            let authorized = Notification::CorpAuthorized(known.corp_info());
            self.update_and_notify(suite_id, corp_id, update, &authorized, Some(&entry))
                .await
        } else {
            let update = update.col_expr(Column::Epoch, next_epoch());
            self.update_with_entry(suite_id, corp_id, update, &entry)
                .await
        }
    }
}

const fn status_after(decision: CorpDecision) -> AuthorizationStatus {
    match decision {
        CorpDecision::Approve => AuthorizationStatus::Active,
        CorpDecision::Defer => AuthorizationStatus::Held,
        CorpDecision::Deny => AuthorizationStatus::Refused,
    }
}
