//! New sessions.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};

use sea_orm::EntityTrait as _;

use crate::audit::{self, AuditAction, LoginOrigin, NewAuditEntry};
use crate::clock::Timestamp;
use crate::db::entity::authorization;
use crate::db::retry_transaction;
use crate::domain::{LoginType, Platform, Principal, Profile, TokenHash};
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::session::current_user::CachedSession;
use crate::session::rows::Insertion;
use crate::session::{
    CurrentUser, SessionToken, Sessions, StoredAttributes, TokenSeed, rows, token,
};

/// The member, user and login of a session to be issued.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    pub(crate) instance: String,
    pub(crate) platform: Platform,
    pub(crate) login_type: LoginType,
    pub(crate) profile: Profile,
    pub(crate) attributes: StoredAttributes,
    pub(crate) member_epoch: i64,
    pub(crate) authorization_epoch: i64,
    pub(crate) visible_at: Timestamp,
    /// [`Sessions::revocation_seq`] when the login began.
    pub(crate) revocation_seq: u64,
    pub(crate) origin: LoginOrigin,
    /// Of the session's token. The same seed gives the same session, which is issued once.
    pub(crate) seed: TokenSeed,
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

/// What became of a session whose token is known.
#[derive(Debug)]
pub(crate) enum FormerIssue {
    /// It is live.
    Live(IssuedSession),
    /// It was revoked, or is expired.
    Ended,
    /// There is none: it was never issued, or ended some time ago.
    Absent,
}

impl Sessions {
    /// The hash of the token that this node gives a session of this seed.
    pub(crate) fn token_hash(&self, seed: &TokenSeed) -> TokenHash {
        token::hash(self.inner.signer.issue(seed).expose().as_bytes())
    }

    /// The token of a session of this seed, if its hash is this one.
    pub(crate) fn token_of(&self, seed: &TokenSeed, token_hash: &[u8]) -> Option<SessionToken> {
        self.inner.signer.find(seed, token_hash)
    }

    /// The session of a token that this service made, whether or not the session was issued yet.
    pub(crate) async fn find_issued(&self, token: SessionToken) -> Result<FormerIssue> {
        let hash = token::hash(token.expose().as_bytes());
        if let Some(user) = self.get_fresh(&hash) {
            return Ok(FormerIssue::Live(IssuedSession { token, user }));
        }
        if self.inner.revoked.contains_key(&hash) {
            return Ok(FormerIssue::Ended);
        }
        // Not by `load`, which remembers for a while that there is no session.
        let stored = rows::find_by_token_hash(self.inner.store.database(), &hash).await?;
        if stored.is_none() {
            return Ok(FormerIssue::Absent);
        }
        match self.load(hash).await {
            Ok(user) => Ok(FormerIssue::Live(IssuedSession { token, user })),
            Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(FormerIssue::Ended),
            Err(error) => Err(error),
        }
    }

    /// Issues a session, unless an epoch advanced since the login began. A session of this seed that exists already is
    /// the one.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`: the corp cancelled, or its sessions were revoked. `TOKEN_INVALID`: the member's sessions were
    /// revoked.
    pub(crate) async fn issue(&self, new: NewSession) -> Result<IssuedSession> {
        let token = self.inner.signer.issue(&new.seed);
        let now = self.inner.store.now();
        let epochs = (new.member_epoch, new.authorization_epoch);
        let principal = self.intern_principal(new.principal);
        let attributes = self.inner.attributes.track(&principal, new.attributes);
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
            attributes,
            machine: None,
            created_at: now,
            expires_at: now + self.inner.config.absolute_timeout,
            revoked: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(now.as_millis()),
            visible_at: AtomicI64::new(new.visible_at.as_millis()),
            revocation_seq: AtomicU64::new(new.revocation_seq),
            sessions: Arc::downgrade(&self.inner),
            changes: OnceLock::new(),
        };
        let database = self.inner.store.database();
        let entry = NewAuditEntry::new(new.origin.actor(&session.user_id), AuditAction::Login)
            .of_member(&session.principal)
            .with_client(new.origin.client())
            .with_detail(&*session.instance);
        match retry_transaction(|| self.insert(&session, epochs, &entry)).await? {
            Insertion::Inserted => {}
            Insertion::Exists => {
                return match self.find_issued(token).await? {
                    FormerIssue::Live(issued) => Ok(issued),
                    FormerIssue::Ended | FormerIssue::Absent => Err(Self::token_invalid()),
                };
            }
            Insertion::EpochsAdvanced => {
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
        }
        let user = CurrentUser::new(session);
        self.cache(&user, new.revocation_seq);
        self.end_surplus(&user.session).await;
        Ok(IssuedSession { token, user })
    }

    /// Inserts a session, with the entry of the audit that tells of it.
    pub(super) async fn insert(
        &self,
        session: &CachedSession,
        epochs: (i64, i64),
        entry: &NewAuditEntry,
    ) -> Result<Insertion> {
        let transaction = self.inner.store.begin().await?;
        let insertion = rows::insert(&transaction, session, epochs).await?;
        if matches!(insertion, Insertion::Inserted) {
            audit::append(&transaction, entry, session.created_at).await?;
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(insertion)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use crate::clock::SystemClock;
    use crate::db::{Pool, Store};
    use crate::domain::{CorpId, FlowSecret, SuiteId, WecomUserId};
    use crate::session::SessionConfig;
    use crate::session::fixture::insert_member;
    use crate::vault::{DataKey, KeyRing};

    use super::*;

    #[tokio::test]
    async fn a_seed_gives_one_session_on_every_node_until_it_ends() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let store = Store::open(database, Arc::new(SystemClock), true)
            .await
            .unwrap();
        let principal = Principal::new(
            SuiteId::new("dk1").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("a").unwrap(),
        );
        insert_member(&store, &principal).await;
        let node = |first: u8, second: u8| {
            let keys = [first, second].map(|seed| DataKey::new([seed; 32]));
            let (sender, _) = tokio::sync::mpsc::unbounded_channel();
            let runtime = tokio::runtime::Handle::current();
            let keys = KeyRing::new(keys.to_vec()).unwrap();
            let config = SessionConfig::default();
            Sessions::new(store.clone(), &keys, config, sender, runtime)
        };
        let seed = || TokenSeed::derive(&FlowSecret::new("secret"), &[b"code"]);
        let new_session = || NewSession {
            principal: principal.clone(),
            user_id: "1".to_owned(),
            instance: String::new(),
            platform: Platform::Web,
            login_type: LoginType::Qr,
            profile: Profile::default(),
            attributes: StoredAttributes::default(),
            member_epoch: 0,
            authorization_epoch: 0,
            visible_at: Timestamp::default(),
            revocation_seq: 0,
            origin: LoginOrigin::HostApp,
            seed: seed(),
        };
        // The data keys are being rotated.
        let (one, two) = (node(1, 2), node(2, 1));
        let token_hash = one.token_hash(&seed());
        let find = async |node: &Sessions| {
            let token = node.token_of(&seed(), &token_hash).unwrap();
            node.find_issued(token).await.unwrap()
        };
        assert!(matches!(find(&two).await, FormerIssue::Absent));
        let issued = one.issue(new_session()).await.unwrap();
        let again = one.issue(new_session()).await.unwrap();
        assert_eq!(issued.token.expose(), again.token.expose());
        assert_eq!(issued.user.session_id(), again.user.session_id());
        for node in [&one, &two] {
            let FormerIssue::Live(found) = find(node).await else {
                panic!("the session is there")
            };
            assert_eq!(found.user.session_id(), issued.user.session_id());
            assert_eq!(found.token.expose(), issued.token.expose());
        }
        one.revoke(&issued.user).await.unwrap();
        assert!(matches!(find(&one).await, FormerIssue::Ended));
    }
}
