//! Sessions that are not cached: read from the database, once however many callers wait.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::domain::{Machine, Principal, Profile, TokenHash};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::{Epoch, EpochKey};
use crate::session::current_user::CachedSession;
use crate::session::rows::{self, SessionRow};
use crate::session::{CurrentUser, Sessions, StoredAttributes, machine};
use crate::task_runner::runtime_gone;

/// How long "no such session" is remembered for a token that we issued, so that a flood of it costs one query.
pub(super) const NEGATIVE_TTL: Duration = Duration::from_secs(2);
/// A load that takes longer fails with 503.
const LOAD_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a session is read while attributes change.
const MAX_READS: usize = 3;
/// `Retry-After` of a load that failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Sessions {
    /// Reads a session from the database, once however many callers wait, and caches it.
    pub(crate) async fn load(&self, hash: TokenHash) -> Result<CurrentUser> {
        let sessions = self.clone();
        // Spawned on our own runtime: a caller that is dropped must not leave the others waiting.
        let load = self
            .inner
            .runtime
            .spawn(async move { sessions.load_shared(hash).await });
        // Nothing cancels it but the end of its runtime: after a shutdown as without one.
        let loaded = load.await.map_err(|error| match error.is_panic() {
            true => Error::new(ErrorKind::Internal, "a task panicked"),
            false => runtime_gone(),
        })?;
        let loaded = loaded.map_err(|error| match error.retry_after() {
            None if error.kind() == ErrorKind::StoreUnavailable => {
                error.with_retry_after(RETRY_AFTER)
            }
            _ => error,
        })?;
        let now = self.inner.store.now();
        match loaded {
            Some(user)
                if user.session.is_valid(now)
                    && !self.is_idle(&user, now)
                    && !self.inner.revoked.contains_key(&hash) =>
            {
                self.touch(&user, now);
                Ok(user)
            }
            _ => Err(Self::token_invalid()),
        }
    }

    /// Joins the load of this token that is in flight, or starts one.
    pub(super) async fn load_shared(&self, hash: TokenHash) -> Result<Option<CurrentUser>> {
        let in_flight = &self.inner.in_flight;
        let load = async {
            let key = (hash, self.inner.epochs.flush_seq());
            let loaded = in_flight.try_get_with(key, self.read(hash)).await?;
            let now = self.inner.store.now();
            if !loaded
                .as_ref()
                .is_some_and(|user| self.is_idle(user, now) || !user.session.is_valid(now))
            {
                return Ok(loaded);
            }
            // Loaded a moment ago, and idle or revoked since: another node may have written a touch meanwhile, or the
            // member got another userid, under which the session goes on.
            in_flight.invalidate(&key).await;
            in_flight.try_get_with(key, self.read(hash)).await
        };
        match tokio::time::timeout(LOAD_TIMEOUT, load).await {
            Ok(loaded) => loaded.map_err(|error: Arc<Error>| Error::clone(&error)),
            Err(_) => Err(Error::new(
                ErrorKind::StoreUnavailable,
                "loading the session timed out",
            )),
        }
    }

    async fn read(&self, hash: TokenHash) -> Result<Option<CurrentUser>> {
        let mut reads = 0;
        loop {
            let changes = self.inner.attributes.changes();
            let user = self.read_once(hash).await?;
            reads += 1;
            // Of anybody's: those of this member may be older than the change, which found no cell to write to.
            if changes == self.inner.attributes.changes() || reads == MAX_READS || user.is_none() {
                return Ok(user);
            }
        }
    }

    async fn read_once(&self, hash: TokenHash) -> Result<Option<CurrentUser>> {
        let now = self.inner.store.now();
        let since_seq = self.revocation_seq();
        let row = rows::find_by_token_hash(self.inner.store.database(), &hash).await?;
        let row = row.map(|mut row| {
            // The cached `last_seen_at` may be newer than the stored one.
            if let Some(user) = self.inner.cache.get(&hash) {
                row.last_seen_at = row.last_seen_at.max(user.last_seen_at());
            }
            row
        });
        let Some(row) =
            row.filter(|row| row.is_valid_and_not_idle(now, self.inner.config.idle_timeout))
        else {
            self.inner.cache.remove(&hash);
            return Ok(None);
        };
        let user = CurrentUser::new(self.session_of(row, hash, since_seq)?);
        self.cache(&user, since_seq);
        Ok(Some(user))
    }

    fn session_of(
        &self,
        row: SessionRow,
        token_hash: TokenHash,
        revocation_seq: u64,
    ) -> Result<CachedSession> {
        let machine = row
            .machine_name
            .map(|name| Box::new(Machine::of_stored(name, row.machine_scopes.as_deref())));
        let visible_at = match &machine {
            Some(_) => machine::NEVER,
            None => row.visible_at.unwrap_or_default(),
        };
        let principal =
            self.intern_principal(Principal::new(row.suite_id, row.corp_id, row.third_user_id));
        let version = row.attributes_version.unwrap_or_default();
        let stored = StoredAttributes::parse(version, row.attributes.as_deref())?;
        let attributes = self.inner.attributes.track(&principal, stored);
        Ok(CachedSession {
            id: row.id.into(),
            token_hash,
            member_epoch: self.member_epoch(
                &principal,
                row.authorization_epoch,
                row.member_epoch,
                row.stored_member_epoch.unwrap_or(row.member_epoch),
            ),
            authorization_epoch: self.authorization_epoch(
                &principal,
                row.authorization_epoch,
                row.stored_authorization_epoch,
            ),
            principal,
            user_id: row.user_id.into(),
            instance: self.inner.instances.intern(row.instance.into()),
            platform: row.platform.parse()?,
            login_type: row.login_type.parse()?,
            profile: Profile {
                name: row.name,
                avatar: row.avatar,
                email: row.email,
                mobile: row.mobile,
            },
            attributes,
            machine,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked: AtomicBool::new(false),
            last_seen_at: AtomicI64::new(row.last_seen_at.as_millis()),
            visible_at: AtomicI64::new(visible_at.as_millis()),
            revocation_seq: AtomicU64::new(revocation_seq),
            sessions: Arc::downgrade(&self.inner),
            changes: OnceLock::new(),
        })
    }

    /// The principal with interned suite and corp ids.
    pub(super) fn intern_principal(&self, principal: Principal) -> Arc<Principal> {
        Arc::new(Principal {
            suite_id: self.inner.suite_ids.intern(principal.suite_id),
            corp_id: self.inner.corp_ids.intern(principal.corp_id),
            third_user_id: principal.third_user_id,
        })
    }

    /// The member epoch of a session that was issued with `issued_with`, where the database holds `stored`.
    pub(super) fn member_epoch(
        &self,
        principal: &Arc<Principal>,
        authorization_epoch: i64,
        issued_with: i64,
        stored: i64,
    ) -> Epoch {
        let key = EpochKey::Member(Arc::clone(principal), authorization_epoch);
        self.inner.epochs.track(key, issued_with, stored)
    }

    /// The authorization epoch of a session that was issued with `issued_with`, where the database holds `stored`.
    pub(super) fn authorization_epoch(
        &self,
        principal: &Principal,
        issued_with: i64,
        stored: i64,
    ) -> Epoch {
        let ids = (principal.suite_id.clone(), principal.corp_id.clone());
        let key = EpochKey::Authorization(Arc::new(ids));
        self.inner.epochs.track(key, issued_with, stored)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;

    use crate::clock::ManualClock;
    use crate::db::{Pool, Store};
    use crate::domain::{CorpId, LoginType, Platform, Principal, Profile, SuiteId, WecomUserId};
    use crate::session::fixture::insert_member;
    use crate::session::{NewSession, SessionConfig, Sessions, TokenSeed};
    use crate::vault::{DataKey, KeyRing};

    #[tokio::test]
    async fn load_that_began_before_a_flush_is_not_cached() {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let store = Store::open(database, Arc::new(ManualClock::starting_now()), true)
            .await
            .unwrap();
        let (background_tasks, _receiver) = tokio::sync::mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let principal = Principal::new(
            SuiteId::new("dkS").unwrap(),
            CorpId::new("ww1").unwrap(),
            WecomUserId::new("a").unwrap(),
        );
        insert_member(&store, &principal).await;
        let sessions = Sessions::new(
            store,
            &keys,
            SessionConfig::default(),
            background_tasks,
            runtime,
        );
        let new_session = |revocation_seq| NewSession {
            principal: principal.clone(),
            user_id: "1".to_owned(),
            instance: String::new(),
            platform: Platform::App,
            login_type: LoginType::Qr,
            profile: Profile::default(),
            attributes: crate::session::StoredAttributes::default(),
            member_epoch: 0,
            authorization_epoch: 0,
            visible_at: crate::Timestamp::default(),
            revocation_seq,
            origin: crate::audit::LoginOrigin::HostApp,
            seed: TokenSeed::random(),
        };
        let before_flush = sessions.revocation_seq();
        let cached = sessions
            .issue(new_session(before_flush))
            .await
            .unwrap()
            .user;
        assert!(sessions.get_fresh(&cached.session.token_hash).is_some());
        sessions.flush();
        let begun_before = sessions
            .issue(new_session(before_flush))
            .await
            .unwrap()
            .user;
        assert!(
            sessions
                .get_fresh(&begun_before.session.token_hash)
                .is_none()
        );
        let begun_after = sessions
            .issue(new_session(sessions.revocation_seq()))
            .await
            .unwrap()
            .user;
        assert!(
            sessions
                .get_fresh(&begun_after.session.token_hash)
                .is_some()
        );
    }
}
