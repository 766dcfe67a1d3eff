//! The handle of the session module: the cache with its invariants, and the tasks that requests leave to the background.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::{CorpId, Principal, SuiteId, TokenHash};
use crate::error::{Error, ErrorKind};
use crate::metrics::SessionLookups;
use crate::revocation::{Epochs, RecentRevocations};
use crate::session::attributes::AttributeCells;
use crate::session::config::Intervals;
use crate::session::current_user::CachedSession;
use crate::session::interner::Interner;
use crate::session::session_cache::SessionCache;
use crate::session::surplus::SessionCounts;
use crate::session::token::TokenSigner;
use crate::session::watch::WatchedSessions;
use crate::session::{CurrentUser, SessionConfig, load};
use crate::vault::KeyRing;

/// How long a revoked token hash is remembered: longer than any load that began before the revocation can take.
const REVOKED_TTL: Duration = Duration::from_mins(5);
const VISIBILITY_CHECK_MILLIS: i64 = Sessions::VISIBILITY_CHECK_INTERVAL.as_millis() as i64;
/// Capacity of the cache of loads.
const MAX_LOADS: u64 = 10_000;

/// Work that a request leaves to the background.
#[derive(Debug)]
pub(crate) enum BackgroundTask {
    /// Write the session's `last_seen_at`.
    Touch(CurrentUser),
    /// Ask WeCom whether the member can still see the app: the last answer is a day old.
    CheckVisibility(Principal),
}

#[derive(Clone)]
pub(crate) struct Sessions {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) config: SessionConfig,
    intervals: Intervals,
    pub(super) keys: KeyRing,
    pub(super) signer: TokenSigner,
    pub(super) epochs: Epochs,
    pub(super) attributes: AttributeCells,
    pub(super) cache: SessionCache,
    /// Keyed by flush generation, so a load that started before a flush is never shared.
    pub(super) in_flight: moka::future::Cache<(TokenHash, u64), Option<CurrentUser>>,
    pub(super) revoked: moka::sync::Cache<TokenHash, ()>,
    pub(super) recent: RecentRevocations,
    pub(super) watched: WatchedSessions,
    pub(super) suite_ids: Interner<SuiteId>,
    pub(super) corp_ids: Interner<CorpId>,
    pub(super) instances: Interner<Arc<str>>,
    pub(super) counts: Arc<SessionCounts>,
    background_tasks: mpsc::UnboundedSender<BackgroundTask>,
    pub(super) lookups: SessionLookups,
    /// The sequence number of the newest revocation of all sessions.
    pub(super) revoke_all_seq: AtomicU64,
    /// The revocation log was not polled successfully for `max_stale`.
    stale: AtomicBool,
    pub(super) runtime: Handle,
}

impl Sessions {
    /// How long WeCom's answer about a member's visibility holds while the member is active.
    pub(crate) const VISIBILITY_CHECK_INTERVAL: Duration = Duration::from_hours(24);

    pub(crate) fn new(
        store: Store,
        keys: &KeyRing,
        config: SessionConfig,
        background_tasks: mpsc::UnboundedSender<BackgroundTask>,
        runtime: Handle,
    ) -> Self {
        let inner = Inner {
            signer: TokenSigner::new(keys),
            keys: keys.clone(),
            epochs: Epochs::new(),
            cache: SessionCache::new(&config),
            in_flight: moka::future::Cache::builder()
                .max_capacity(MAX_LOADS)
                .time_to_live(load::NEGATIVE_TTL)
                .build(),
            revoked: moka::sync::Cache::builder()
                .time_to_live(REVOKED_TTL)
                .build(),
            recent: RecentRevocations::new(),
            attributes: AttributeCells::default(),
            watched: WatchedSessions::default(),
            suite_ids: Interner::default(),
            corp_ids: Interner::default(),
            instances: Interner::default(),
            counts: Arc::new(SessionCounts::new()),
            revoke_all_seq: AtomicU64::new(0),
            stale: AtomicBool::new(false),
            store,
            intervals: config.intervals(),
            config,
            background_tasks,
            lookups: SessionLookups::new(),
            runtime,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn config(&self) -> &SessionConfig {
        &self.inner.config
    }

    pub(crate) fn token_invalid() -> Error {
        Error::new(
            ErrorKind::TokenInvalid,
            "the session is unknown, revoked or expired",
        )
    }

    /// Whether this service issued the token. Needs no look-up.
    pub(crate) fn is_own_token(&self, token: &[u8]) -> bool {
        self.inner.signer.verify(token)
    }

    /// A valid session from the cache. A session that looks idle here counts as absent, because another node may have
    /// been used meanwhile.
    pub(crate) fn get_fresh(&self, hash: &TokenHash) -> Option<CurrentUser> {
        let user = self.inner.cache.get(hash)?;
        let now = self.inner.store.now();
        if !user.session.is_valid(now) {
            self.inner.cache.remove(hash);
            return None;
        }
        if self.is_idle(&user, now) {
            return None;
        }
        if self.inner.is_stale() {
            return None;
        }
        self.touch(&user, now);
        Some(user)
    }

    /// Evicts the sessions that no request used lately.
    pub(crate) fn evict_idle(&self) {
        self.inner.cache.evict_idle(self.inner.store.now());
    }

    /// Stops serving cached sessions a while after the shutdown began: from then on this node reads no revocations. The
    /// future does not keep the sessions alive.
    pub(crate) fn expire_cache_after_shutdown(
        &self,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (inner, max_stale) = (Arc::downgrade(&self.inner), self.inner.config.max_stale());
        async move {
            shutdown.cancelled().await;
            tokio::time::sleep(max_stale).await;
            if let Some(inner) = inner.upgrade() {
                Self { inner }.set_stale(true);
            }
        }
    }

    /// While `stale`, no session is served from the cache: revocations of other nodes may be missing.
    pub(crate) fn set_stale(&self, stale: bool) {
        if !self.inner.stale.swap(stale, Ordering::AcqRel) && stale {
            self.inner.watched.wake_all();
        }
    }

    pub(super) fn is_idle(&self, user: &CurrentUser, now: Timestamp) -> bool {
        now.millis_since(user.session.last_seen_at()) >= self.inner.intervals.idle
            && user.session.machine.is_none()
    }

    /// Lock-free ordering with revocation: `revoke` sets `revoked` before evicting, `cache` inserts before checking it,
    /// so one of them always sees the other. If the cache was flushed after `since_seq`, the entry is removed again.
    pub(super) fn cache(&self, user: &CurrentUser, since_seq: u64) {
        let hash = user.session.token_hash;
        self.inner.cache.insert(user);
        if self.inner.epochs.flush_seq() > since_seq {
            self.inner.cache.remove(&hash);
        }
        if self.inner.revoked.contains_key(&hash) {
            user.session.revoke();
            self.inner.cache.remove(&hash);
        }
    }

    /// Records a request on the session. The write to the database is left to the background.
    pub(super) fn touch(&self, user: &CurrentUser, now: Timestamp) {
        let session = &user.session;
        // Sending fails only during shutdown, when the receiver is gone; then the activity of this request is lost.
        if CachedSession::advance_if_older(&session.last_seen_at, now, self.inner.intervals.touch) {
            let _ = self
                .inner
                .background_tasks
                .send(BackgroundTask::Touch(user.clone()));
        }
        if CachedSession::advance_if_older(&session.visible_at, now, VISIBILITY_CHECK_MILLIS) {
            let _ = self
                .inner
                .background_tasks
                .send(BackgroundTask::CheckVisibility(user.principal().clone()));
        }
    }
}

impl Inner {
    /// Whether revocations of other nodes may be missing.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Acquire)
    }
}

impl From<Arc<Inner>> for Sessions {
    fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
