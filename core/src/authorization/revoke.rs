//! The revocation of all sessions of a corp, or of the whole service.

use sea_orm::EntityTrait as _;
use sea_orm::sea_query::{Expr, ExprTrait as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{next_epoch, sessions_ended};
use crate::db::entity::authorization::{Column, Entity};
use crate::db::retry_transaction;
use crate::domain::{CorpId, SuiteId};
use crate::error::Result;
use crate::revocation::{Revocation, log};

/// Epoch jump used by "revoke all": larger than any number of increments that a restored backup lost and running nodes
/// still have in memory.
const EPOCH_JUMP: i64 = 1_000_000;

impl Authorizations {
    /// Revokes every session of a corp's members.
    pub(crate) async fn revoke_sessions(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        actor: Actor,
    ) -> Result<()> {
        let revoke = Entity::update_many().col_expr(Column::Epoch, next_epoch());
        let entry = sessions_ended(actor, suite_id, corp_id);
        self.update_with_entry(suite_id, corp_id, revoke, &entry)
            .await?;
        Ok(())
    }

    /// Revokes every session of the service, and every login that is under way.
    pub(crate) async fn revoke_all_sessions(&self, actor: Actor) -> Result<()> {
        let entry = NewAuditEntry::new(actor, AuditAction::AllSessionsEnded);
        retry_transaction(|| self.revoke_all_once(&entry)).await?;
        self.apply_revoke_all();
        Ok(())
    }

    /// Applies a revocation of all sessions that was committed, here or on another node.
    pub(crate) fn apply_revoke_all(&self) {
        // Before the sessions: a login that starts after this reads the new epochs.
        self.invalidate_all();
        self.inner.sessions.apply_revoke_all();
    }

    /// Every session depends on an authorization's row, also those of members whom WeCom did not authenticate.
    async fn revoke_all_once(&self, entry: &NewAuditEntry) -> Result<()> {
        let transaction = self.inner.store.begin().await?;
        let jump = Expr::col(Column::Epoch).add(EPOCH_JUMP);
        Entity::update_many()
            .col_expr(Column::Epoch, jump)
            .exec(&transaction)
            .await?;
        let now = self.inner.store.now();
        audit::append(&transaction, entry, now).await?;
        log::append(&transaction, &Revocation::All, now).await?;
        transaction.commit().await?;
        Ok(())
    }
}
