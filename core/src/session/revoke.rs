//! Revocation of one session, of all sessions of a member, of all of an authorization; made here or on another node.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::db::retry_transaction;
use crate::domain::{CorpId, Principal, SuiteId, TokenHash};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::{EpochKey, RecentRevocations, Revocation, log};
use crate::session::{CurrentUser, Sessions, rows};

impl Sessions {
    /// Revokes one session.
    pub(crate) async fn revoke(&self, user: &CurrentUser) -> Result<()> {
        let session = &user.session;
        let entry = session_ended(Actor::User(user.user_id().to_owned()), &session.principal);
        retry_transaction(|| self.delete(&session.id, &session.token_hash, &entry)).await?;
        session.revoke();
        self.evict_revoked(session.token_hash).await;
        Ok(())
    }

    /// Revokes one session of this member by its id.
    pub(crate) async fn revoke_by_id(&self, principal: &Principal, id: &str) -> Result<()> {
        let found = self.find_of_member(principal, id).await?;
        let not_found = || Error::new(ErrorKind::SessionNotFound, "no such session of this member");
        let row = found.ok_or_else(not_found)?;
        let token_hash = TokenHash::try_from(row.token_hash.as_slice()).map_err(|_| not_found())?;
        let entry = session_ended(Actor::User(row.user_id), principal);
        retry_transaction(|| self.delete(id, &token_hash, &entry)).await?;
        self.evict_revoked(token_hash).await;
        Ok(())
    }

    /// Revokes the sessions of these ids and tokens, in one transaction.
    pub(super) async fn revoke_rows(
        &self,
        sessions: &[(String, TokenHash)],
        entry: &NewAuditEntry,
    ) -> Result<()> {
        retry_transaction(|| self.delete_all(sessions, entry)).await?;
        for (_, token_hash) in sessions {
            self.evict_revoked(*token_hash).await;
        }
        Ok(())
    }

    /// The sequence number of the newest revocation that this node knows. A login takes it when it begins.
    pub(crate) fn revocation_seq(&self) -> u64 {
        self.inner.epochs.seq()
    }

    /// Whether the member's sessions were revoked on this node after `seq`.
    pub(crate) fn member_revoked_since(
        &self,
        principal: &Principal,
        authorization_epoch: i64,
        seq: u64,
    ) -> bool {
        let key = EpochKey::Member(Arc::new(principal.clone()), authorization_epoch);
        self.inner.epochs.revoked_since(&key, seq)
    }

    /// Applies a member's stored epoch on this node: sessions of an older one are invalid.
    pub(crate) fn apply_member_epoch(
        &self,
        principal: &Principal,
        authorization_epoch: i64,
        epoch: i64,
    ) {
        if epoch == log::ERASED_MEMBER_EPOCH {
            return self.forget_member(principal, authorization_epoch);
        }
        self.apply_epoch(
            EpochKey::Member(Arc::new(principal.clone()), authorization_epoch),
            epoch,
        );
    }

    /// Forgets the epoch of a member who was erased and whose sessions are revoked.
    pub(crate) fn forget_member(&self, principal: &Principal, authorization_epoch: i64) {
        let key = EpochKey::Member(Arc::new(principal.clone()), authorization_epoch);
        self.inner.epochs.forget(&key);
        self.inner.attributes.forget(principal);
    }

    /// Applies an authorization's stored epoch on this node: sessions of an older one are invalid.
    pub(crate) fn apply_authorization_epoch(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        epoch: i64,
    ) {
        self.apply_epoch(
            EpochKey::Authorization(Arc::new((suite_id.clone(), corp_id.clone()))),
            epoch,
        );
    }

    /// Applies the revocation of one session, made on another node.
    pub(crate) async fn apply_session_revocation(&self, token_hash: &[u8]) {
        if let Ok(hash) = TokenHash::try_from(token_hash) {
            self.evict_revoked(hash).await;
        }
    }

    /// Applies the revocation of every session of the service.
    pub(crate) fn apply_revoke_all(&self) {
        self.inner.recent.insert_revoke_all();
        self.flush();
        let seq = self.inner.epochs.flush_seq();
        self.inner.revoke_all_seq.fetch_max(seq, Ordering::AcqRel);
        self.inner.watched.wake_all();
    }

    /// Empties the cache: every session is read from the database before it is served again.
    pub(crate) fn flush(&self) {
        self.inner.epochs.flush();
        self.inner.attributes.distrust();
        self.inner.cache.clear();
        self.inner.in_flight.invalidate_all();
        self.reread_watched();
    }

    /// The revocations of the last minutes.
    pub(crate) fn recent(&self) -> &RecentRevocations {
        &self.inner.recent
    }

    async fn delete(&self, id: &str, token_hash: &[u8], entry: &NewAuditEntry) -> Result<()> {
        let transaction = self.inner.store.begin().await?;
        rows::delete(&transaction, id).await?;
        audit::append(&transaction, entry, self.inner.store.now()).await?;
        let revocation = Revocation::Session {
            token_hash: token_hash.to_vec(),
        };
        log::append(&transaction, &revocation, self.inner.store.now()).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn delete_all(
        &self,
        sessions: &[(String, TokenHash)],
        entry: &NewAuditEntry,
    ) -> Result<()> {
        let transaction = self.inner.store.begin().await?;
        let mut deleted = Vec::new();
        for (id, token_hash) in sessions {
            // Another node may have ended it.
            if rows::delete(&transaction, id).await? {
                deleted.push(token_hash);
            }
        }
        if !deleted.is_empty() {
            let entry = entry.clone().times(deleted.len() as u64);
            audit::append(&transaction, &entry, self.inner.store.now()).await?;
        }
        for token_hash in deleted {
            let revocation = Revocation::Session {
                token_hash: token_hash.to_vec(),
            };
            log::append(&transaction, &revocation, self.inner.store.now()).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    fn apply_epoch(&self, key: EpochKey, epoch: i64) {
        self.inner.recent.insert_epoch(&key, epoch);
        self.inner.epochs.advance(key, epoch);
        self.inner.watched.wake_invalid(self.inner.store.now());
    }

    async fn evict_revoked(&self, hash: TokenHash) {
        self.inner.revoked.insert(hash, ());
        self.inner.recent.insert_session(hash);
        if let Some(user) = self.inner.cache.remove(&hash) {
            user.session.revoke();
        }
        for session in self.inner.watched.of_token(&hash) {
            session.revoke();
        }
        self.inner
            .in_flight
            .invalidate(&(hash, self.inner.epochs.flush_seq()))
            .await;
    }
}

/// The entry of the audit about the end of one session.
pub(super) fn session_ended(actor: Actor, principal: &Principal) -> NewAuditEntry {
    NewAuditEntry::new(actor, AuditAction::SessionEnded).of_member(principal)
}
