//! The sessions of this service: those in memory, and what their use leaves to be done.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::Principal;
use crate::domain::TokenHash;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, ErrorKind};
use crate::revocation::epoch::Epochs;
use crate::revocation::recent::RecentRevocations;
use crate::session::config::Intervals;
use crate::session::current_user::Live;
use crate::session::interner::Shared;
use crate::session::load;
use crate::session::session_cache::Memory;
use crate::session::token::Mint;
use crate::session::{CurrentUser, SessionConfig};
use crate::vault::KeyRing;

/// An end is remembered longer than any load that began before it can take.
const ENDED_FOR: Duration = Duration::from_mins(5);
const VISIBILITY_MILLIS: i64 = Sessions::VISIBILITY_INTERVAL.as_millis() as i64;

/// What a request leaves to be done later, off its own path.
#[derive(Debug)]
pub(crate) enum Chore {
    /// The session was used; its activity is to be written.
    Seen(CurrentUser),
    /// A day has passed since WeCom was asked whether the person may see the app.
    CheckVisibility(Principal),
}

#[derive(Clone)]
pub(crate) struct Sessions(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) settings: SessionConfig,
    intervals: Intervals,
    pub(super) mint: Mint,
    pub(super) epochs: Epochs,
    pub(super) memory: Memory,
    /// By when everything was forgotten last, too: nobody is given what was begun to be read before.
    pub(super) loads: moka::future::Cache<(TokenHash, u64), Option<CurrentUser>>,
    pub(super) ended: moka::sync::Cache<TokenHash, ()>,
    pub(super) recent: RecentRevocations,
    pub(super) suite_ids: Shared<SuiteId>,
    pub(super) corp_ids: Shared<CorpId>,
    pub(super) instances: Shared<Arc<str>>,
    chores: mpsc::UnboundedSender<Chore>,
    /// The feed of ends was read lately.
    trusted: AtomicBool,
    pub(super) runtime: Handle,
}

impl Sessions {
    /// People in use are asked for again after this long.
    pub(crate) const VISIBILITY_INTERVAL: Duration = Duration::from_hours(24);

    pub(crate) fn new(
        store: Store,
        keys: &KeyRing,
        settings: SessionConfig,
        chores: mpsc::UnboundedSender<Chore>,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            mint: Mint::new(keys),
            epochs: Epochs::new(),
            memory: Memory::new(&settings),
            loads: moka::future::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(load::ABSENT_FOR)
                .build(),
            ended: moka::sync::Cache::builder().time_to_live(ENDED_FOR).build(),
            recent: RecentRevocations::new(),
            suite_ids: Shared::default(),
            corp_ids: Shared::default(),
            instances: Shared::default(),
            trusted: AtomicBool::new(true),
            store,
            intervals: settings.intervals(),
            settings,
            chores,
            runtime,
        }))
    }

    pub(crate) fn settings(&self) -> &SessionConfig {
        &self.0.settings
    }

    pub(crate) fn token_invalid() -> Error {
        Error::new(
            ErrorKind::TokenInvalid,
            "the session is unknown, ended or expired",
        )
    }

    pub(crate) fn minted(&self, token: &[u8]) -> bool {
        self.0.mint.minted(token)
    }

    /// A live session from memory. One that looks idle here may be in use on another node, so it counts as absent.
    pub(crate) fn cached(&self, hash: &TokenHash) -> Option<CurrentUser> {
        let user = self.0.memory.get(hash)?;
        let now = self.0.store.now();
        if !user.0.lives(now) {
            self.0.memory.remove(hash);
            return None;
        }
        if self.is_idle(&user, now) {
            return None;
        }
        // Without news of the database for too long, an end elsewhere may be unheard.
        if !self.0.trusted.load(Ordering::Acquire) {
            return None;
        }
        self.used(&user, now);
        Some(user)
    }

    /// Forgets the sessions that nobody asked for lately.
    pub(crate) fn forget_unused(&self) {
        self.0.memory.forget_unused(self.0.store.now());
    }

    /// Whether what is in memory may be believed, since the ends of other nodes are heard of.
    pub(crate) fn trust(&self, trusted: bool) {
        self.0.trusted.store(trusted, Ordering::Release);
    }

    pub(super) fn is_idle(&self, user: &CurrentUser, now: Timestamp) -> bool {
        now.millis_since(user.0.last_seen_at()) >= self.0.intervals.idle
    }

    /// Keeps a session in memory. An end marks first and forgets then; we keep first and look then: one of the two sees
    /// the other. What was forgotten after the end of this number, from before which the session may be, stays so.
    pub(super) fn keep(&self, user: &CurrentUser, newest_end: u64) {
        let hash = user.0.token_hash;
        self.0.memory.insert(user);
        if self.0.epochs.flush_seq() > newest_end {
            self.0.memory.remove(&hash);
        }
        if self.0.ended.contains_key(&hash) {
            user.0.ended.store(true, Ordering::Release);
            self.0.memory.remove(&hash);
        }
    }

    /// Leaves what a use entails to the chores: nothing is written on the request's path.
    pub(super) fn used(&self, user: &CurrentUser, now: Timestamp) {
        // The receiver is gone only while the handle shuts down; then there is nobody left to do it.
        if Live::renew(&user.0.last_seen_at, now, self.0.intervals.write) {
            let _ = self.0.chores.send(Chore::Seen(user.clone()));
        }
        if Live::renew(&user.0.visible_at, now, VISIBILITY_MILLIS) {
            let _ = self
                .0
                .chores
                .send(Chore::CheckVisibility(user.principal().clone()));
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
