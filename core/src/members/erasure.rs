//! The erasure of a person: everything that is stored about a member goes.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::db::entity::{authorization, login_code, member, member_alias, session, user};
use crate::db::{CorpColumns as _, PrincipalColumns as _, retry_transaction};
use crate::domain::{Principal, WecomUserId};
use crate::error::Result;
use crate::hooks::within_hook_timeout;
use crate::members::members::Members;
use crate::revocation::{Revocation, log};

impl Members {
    /// Erases a member: sessions end, the binder is told to unbind, and every row about the member is deleted. Whoever
    /// logs in with this userid later is a new person. Repeating it does no harm.
    ///
    /// # Errors
    /// The database or the binder does not answer; what is left is erased by a repetition.
    pub(crate) async fn erase(&self, principal: &Principal, actor: &Actor) -> Result<()> {
        // First, so that a login under way fails whatever it has read of the member.
        self.revoke_sessions(principal, actor).await?;
        let found = self.inner.binder.find(principal);
        let user_id = within_hook_timeout("UserBinder::find", found).await?;
        let unbound = self.inner.binder.unbind(principal);
        within_hook_timeout("UserBinder::unbind", unbound).await?;
        let (hashes, authorization_epoch) =
            retry_transaction(|| self.erase_once(principal, user_id.as_deref(), actor)).await?;
        let sessions = &self.inner.sessions;
        for hash in hashes {
            sessions.apply_session_revocation(&hash).await;
        }
        sessions.forget_member(principal, authorization_epoch);
        let Principal {
            suite_id, corp_id, ..
        } = principal;
        tracing::info!(target: "wecom_login", %suite_id, %corp_id, "a person was erased");
        Ok(())
    }

    /// Returns the token hashes of the sessions that were deleted, and the epoch of the corp's authorization.
    async fn erase_once(
        &self,
        principal: &Principal,
        user_id: Option<&str>,
        actor: &Actor,
    ) -> Result<(Vec<Vec<u8>>, i64)> {
        let (suite_id, corp_id) = (&principal.suite_id, &principal.corp_id);
        let transaction = self.inner.store.begin().await?;
        let hashes: Vec<Vec<u8>> = session::Entity::find()
            .select_only()
            .column(session::Column::TokenHash)
            .filter(session::Entity::of_principal(principal))
            .into_tuple()
            .all(&transaction)
            .await?;
        macro_rules! delete_rows {
            ($($table:ident),*) => {$(
                $table::Entity::delete_many()
                    .filter($table::Entity::of_principal(principal))
                    .exec(&transaction)
                    .await?;
            )*};
        }
        delete_rows!(login_code, session, user, member);
        member_alias::Entity::delete_many()
            .filter(member_alias::Entity::of_corp(suite_id, corp_id))
            .filter(
                Condition::any()
                    .add(member_alias::Column::ThirdUserId.eq(principal.third_user_id.clone()))
                    .add(member_alias::Column::Alias.eq(principal.third_user_id.clone())),
            )
            .exec(&transaction)
            .await?;
        authorization::Entity::update_many()
            .col_expr(
                authorization::Column::InstalledBy,
                Expr::value(None::<WecomUserId>),
            )
            .filter(authorization::Entity::of_corp(suite_id, corp_id))
            .filter(authorization::Column::InstalledBy.eq(principal.third_user_id.clone()))
            .exec(&transaction)
            .await?;
        let entry = NewAuditEntry::new(actor.clone(), AuditAction::PersonErased);
        let entry = entry.of_corp(suite_id, corp_id);
        audit::append(&transaction, &entry, self.inner.store.now()).await?;
        audit::forget_person(&transaction, principal, user_id).await?;
        let of_corp = authorization::Entity::find_by_id((suite_id.clone(), corp_id.clone()));
        let authorization_epoch = of_corp.one(&transaction).await?.map_or(0, |row| row.epoch);
        let now = self.inner.store.now();
        // Each by itself: what a node has just read of one is not kept, although the epoch starts anew.
        for token_hash in hashes.clone() {
            let ended = Revocation::Session { token_hash };
            log::append(&transaction, &ended, now).await?;
        }
        let erased = Revocation::of_erased_member(principal, authorization_epoch);
        log::append(&transaction, &erased, now).await?;
        transaction.commit().await?;
        Ok((hashes, authorization_epoch))
    }
}
