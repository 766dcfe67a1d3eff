//! New sessions.

use std::sync::atomic::{AtomicBool, AtomicI64};

use sea_orm::EntityTrait as _;

use crate::audit::{self, AuditAction, LoginOrigin, NewAuditEntry};
use crate::clock::Timestamp;
use crate::db::entity::authorization;
use crate::db::retry_transaction;
use crate::domain::{LoginType, Platform, Principal, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::session::current_user::CachedSession;
use crate::session::{CurrentUser, SessionToken, Sessions, rows, token};

/// The member, user and login of a session to be issued.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    pub(crate) instance: String,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) profile: Profile,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) visible_at: Timestamp,
    /// [`Sessions::revocation_seq`] when the login began.
    pub(crate) revocation_seq: u64,
    pub(crate) origin: LoginOrigin,
}

/// A new session with its token, which cannot be read back later.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedSession {
    /// The token that the client sends from now on.
    pub token: SessionToken,
    /// The user of the session.
    pub user: CurrentUser,
}

impl Sessions {
    /// Issues a session, unless an epoch advanced since the login began.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: the corp cancelled, or its sessions were revoked. `TOKEN_INVALID`: the member's sessions were
    /// revoked.
    pub(crate) async fn issue(&self, new: NewSession) -> Result<IssuedSession> {
        let token = self.inner.signer.issue();
        let now = self.inner.store.now();
        let epochs = (new.member_epoch, new.authorization_epoch);
        let principal = self.intern_principal(new.principal);
        let session = CachedSession {
            id: random::hex::<16>().into(),
            token_hash: token::hash(token.expose().as_bytes()),
            member_epoch: self.member_epoch(&principal, epochs.1, epochs.0, epochs.0),
            authorization_epoch: self.authorization_epoch(&principal, epochs.1, epochs.1),
            principal,
            user_id: new.user_id.into(),
            instance: self.inner.instances.intern(new.instance.into()),
            platform: new.platform,
            login_type: new.login_type,
            profile: new.profile,
            created_at: now,
            expires_at: now + self.inner.config.absolute_timeout,
            revoked: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(now.as_millis()),
            visible_at: AtomicI64::new(new.visible_at.as_millis()),
        };
        let entry = NewAuditEntry::new(new.origin.actor(&session.user_id), AuditAction::Login)
            .of_member(&session.principal)
            .from_client(new.origin.client())
            .with_detail(&*session.instance);
        if !retry_transaction(|| self.insert(&session, epochs, &entry)).await? {
            let database = self.inner.store.database();
            let principal = &session.principal;
            let key = (principal.suite_id.clone(), principal.corp_id.clone());
            let authorization = authorization::Entity::find_by_id(key).one(database).await?;
            return Err(if authorization.is_some_and(|row| row.epoch == epochs.1) {
                Self::token_invalid()
            } else {
                Error::new(
                    ErrorKind::CorpNotAuthorized,
                    "the corp cancelled while the login was under way",
                )
            });
        }
        let user = CurrentUser::new(session);
        self.cache(&user, new.revocation_seq);
        self.end_surplus(&user.session).await;
        Ok(IssuedSession { token, user })
    }

    /// Inserts a session, with the entry of the audit that tells of it. Returns whether it was inserted.
    async fn insert(
        &self,
        session: &CachedSession,
        epochs: (i64, i64),
        entry: &NewAuditEntry,
    ) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        if !rows::insert(&transaction, session, epochs).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        audit::append(&transaction, entry, session.created_at).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
