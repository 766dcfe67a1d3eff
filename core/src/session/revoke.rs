//! How sessions end: one, all of a person, all of an authorisation; here and on other nodes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::db::retry_transaction;
use crate::domain::Principal;
use crate::domain::TokenHash;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::epoch::EpochKey;
use crate::revocation::log::{self, Revocation};
use crate::revocation::recent::RecentRevocations;
use crate::session::rows::{self, Row};
use crate::session::{CurrentUser, Sessions};

impl Sessions {
    /// The live sessions of a person, newest first.
    pub(crate) async fn of_person(&self, who: &Principal) -> Result<Vec<Row>> {
        let now = self.0.store.now();
        let mut rows = rows::of_person(self.0.store.database(), who).await?;
        for row in &mut rows {
            // What is in memory may be newer: activity is written a moment after it was seen.
            let hash = TokenHash::try_from(row.token_hash.as_slice()).ok();
            if let Some(user) = hash.and_then(|hash| self.0.memory.get(&hash)) {
                row.last_seen_at = row.last_seen_at.max(user.0.last_seen_at());
            }
        }
        rows.retain(|row| row.lives(now, self.0.settings.idle_timeout));
        Ok(rows)
    }

    /// Ends one session.
    pub(crate) async fn end(&self, user: &CurrentUser) -> Result<()> {
        retry_transaction(|| self.delete(user.session_id(), &user.0.token_hash)).await?;
        user.0.ended.store(true, Ordering::Release);
        self.forget(user.0.token_hash).await;
        Ok(())
    }

    /// Ends one session of this person by its id.
    pub(crate) async fn end_by_id(&self, who: &Principal, id: &str) -> Result<()> {
        let found = self
            .of_person(who)
            .await?
            .into_iter()
            .find(|row| row.id == id);
        let row = found.ok_or_else(|| {
            Error::new(ErrorKind::SessionNotFound, "no such session of this person")
        })?;
        retry_transaction(|| self.delete(id, &row.token_hash)).await?;
        if let Ok(hash) = TokenHash::try_from(row.token_hash.as_slice()) {
            self.forget(hash).await;
        }
        Ok(())
    }

    /// A person's stored epoch has moved on: their sessions are over on this node.
    pub(crate) fn person_ended(&self, who: &Principal, authorization_epoch: i64, epoch: i64) {
        self.epoch_moved(
            EpochKey::Member(Arc::new(who.clone()), authorization_epoch),
            epoch,
        );
    }

    /// The number of the newest end, for a login that begins.
    pub(crate) fn newest_end(&self) -> u64 {
        self.0.epochs.seq()
    }

    /// Whether this person's sessions were ended on this node since.
    pub(crate) fn person_ended_since(
        &self,
        who: &Principal,
        authorization_epoch: i64,
        number: u64,
    ) -> bool {
        self.0.epochs.revoked_since(
            &EpochKey::Member(Arc::new(who.clone()), authorization_epoch),
            number,
        )
    }

    /// An authorisation's stored epoch has moved on: its people's sessions are over on this node.
    pub(crate) fn authorization_ended(&self, suite_id: &SuiteId, corp_id: &CorpId, epoch: i64) {
        self.epoch_moved(
            EpochKey::Authorization(Arc::new((suite_id.clone(), corp_id.clone()))),
            epoch,
        );
    }

    /// Another node ended this session.
    pub(crate) async fn session_ended(&self, token_hash: &[u8]) {
        if let Ok(hash) = TokenHash::try_from(token_hash) {
            self.forget(hash).await;
        }
    }

    /// Nothing in memory can be relied on any more: every session is read again before it is believed.
    pub(crate) fn forget_all(&self) {
        self.0.epochs.flush();
        self.0.memory.clear();
        self.0.loads.invalidate_all();
    }

    /// Every session of the service is over.
    pub(crate) fn all_ended(&self) {
        self.0.recent.insert_revoke_all();
        self.forget_all();
    }

    /// What ended lately.
    pub(crate) fn recent(&self) -> &RecentRevocations {
        &self.0.recent
    }

    async fn delete(&self, id: &str, token_hash: &[u8]) -> Result<()> {
        let transaction = self.0.store.begin().await?;
        rows::delete(&transaction, id).await?;
        let end = Revocation::Session {
            token_hash: token_hash.to_vec(),
        };
        log::append(&transaction, &end, self.0.store.now()).await?;
        transaction.commit().await?;
        Ok(())
    }

    fn epoch_moved(&self, whose: EpochKey, epoch: i64) {
        self.0.recent.insert_epoch(&whose, epoch);
        self.0.epochs.advance(whose, epoch);
    }

    async fn forget(&self, hash: TokenHash) {
        self.0.ended.insert(hash, ());
        self.0.recent.insert_session(hash);
        if let Some(user) = self.0.memory.remove(&hash) {
            user.0.ended.store(true, Ordering::Release);
        }
        self.0
            .loads
            .invalidate(&(hash, self.0.epochs.flush_seq()))
            .await;
    }
}
