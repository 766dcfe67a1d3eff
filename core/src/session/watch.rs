//! The ends of sessions that streams and WebSockets wait for.
//!
//! A request is checked when it comes; a stream goes on after that. Its handler holds a [`CurrentUser`], which may have
//! left the cache since. So a session that a handler watches is registered here, and whatever revokes sessions (one by its
//! token, many by an epoch, a flush of the caches) looks here too. What the cache knows no more, such as activity on
//! another node, is read from the database when the session looks idle.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::{Sleep, Timestamp};
use crate::domain::TokenHash;
use crate::error::ErrorKind;
use crate::session::current_user::CachedSession;
use crate::session::sessions::Inner;
use crate::session::{CurrentUser, Sessions};

/// Below this number of entries, those that nobody holds are not removed.
const MIN_WATCHED_TO_PRUNE: usize = 1024;
/// Sessions that are read again at a time, after a flush.
const CONCURRENT_REREADS: usize = 8;
/// How long a wait for the end of a machine's session sleeps at a time.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// The pause before the database is asked again that did not answer.
const REREAD_PAUSE: Duration = Duration::from_secs(1);

/// The sessions that handlers watch.
#[derive(Debug)]
pub(super) struct WatchedSessions {
    watched: Mutex<Watched>,
}

#[derive(Debug)]
struct Watched {
    /// Several of one token, where the cache was emptied between two requests.
    by_hash: HashMap<TokenHash, Vec<Weak<CachedSession>>>,
    prune_at: usize,
}

impl Default for WatchedSessions {
    fn default() -> Self {
        Self {
            watched: Mutex::new(Watched {
                by_hash: HashMap::new(),
                prune_at: MIN_WATCHED_TO_PRUNE,
            }),
        }
    }
}

impl WatchedSessions {
    fn insert(&self, session: &Arc<CachedSession>) {
        let mut watched = self.watched.lock();
        if watched.by_hash.len() >= watched.prune_at {
            watched.by_hash.retain(|_, sessions| {
                sessions.retain(|session| session.strong_count() > 0);
                !sessions.is_empty()
            });
            watched.prune_at = MIN_WATCHED_TO_PRUNE.max(2 * watched.by_hash.len());
        }
        let sessions = watched.by_hash.entry(session.token_hash).or_default();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(session));
    }

    /// The watched sessions of a token.
    pub(super) fn of_token(&self, hash: &TokenHash) -> Vec<Arc<CachedSession>> {
        let watched = self.watched.lock();
        let sessions = watched.by_hash.get(hash).into_iter().flatten();
        sessions.filter_map(Weak::upgrade).collect()
    }

    /// All of them.
    fn all(&self) -> Vec<Arc<CachedSession>> {
        let watched = self.watched.lock();
        let sessions = watched.by_hash.values().flatten();
        sessions.filter_map(Weak::upgrade).collect()
    }

    /// Wakes whoever waits for a session that is not valid any more.
    pub(super) fn wake_invalid(&self, now: Timestamp) {
        for session in self.all() {
            if !session.is_valid(now) {
                session.wake();
            }
        }
    }

    /// Wakes everyone, to look again.
    pub(super) fn wake_all(&self) {
        for session in self.all() {
            session.wake();
        }
    }
}

impl CachedSession {
    /// Wakes whoever waits for its end, to look again.
    pub(super) fn wake(&self) {
        if let Some(changes) = self.changes.get() {
            changes.send_replace(());
        }
    }
}

impl CurrentUser {
    /// Whether the session of this user still lives: it was not revoked, is not expired, and was used within the idle
    /// timeout. For a handler that goes on after its request was checked: a stream, a WebSocket, a long job.
    ///
    /// A revocation on this process shows at once, on another one within a second. While this process has not been able to
    /// read revocations for [`SessionConfig::max_stale`](field@crate::SessionConfig::max_stale), it is `false`.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let Some(sessions) = self.watched() else {
            return false;
        };
        let now = sessions.store.now();
        if let Some(cached) = sessions.cache.get(&self.session.token_hash) {
            self.session.advance_last_seen(cached.last_seen_at());
        }
        self.is_valid_and_known(&sessions, now) && !Sessions::from(sessions).is_idle(self, now)
    }

    /// Waits until the session of this user has ended, as [`is_live`](Self::is_live) has it. A stream is no activity:
    /// the session it was opened with ends by its idle timeout unless other requests use it.
    ///
    /// ```
    /// # use wecom_login::CurrentUser;
    /// # async fn next_message() -> Option<String> { None }
    /// # async fn send(_: String) {}
    /// async fn stream(user: CurrentUser) {
    ///     let mut ended = std::pin::pin!(user.ended());
    ///     loop {
    ///         tokio::select! {
    ///             () = &mut ended => return, // tell the client to log in again
    ///             message = next_message() => match message {
    ///                 Some(message) => send(message).await,
    ///                 None => return,
    ///             },
    ///         }
    ///     }
    /// }
    /// ```
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let user = self.clone();
        // Registered now, not at the first poll.
        let changes = user.watched().map(|_| user.changes().subscribe());
        async move {
            if let Some(changes) = changes {
                user.wait_for_end(changes).await;
            }
        }
    }

    async fn wait_for_end(&self, mut changes: watch::Receiver<()>) {
        loop {
            let Some(sessions) = self.session.sessions.upgrade().map(Sessions::from) else {
                return;
            };
            let now = sessions.inner.store.now();
            if !self.session.is_valid(now) || sessions.inner.is_stale() {
                return;
            }
            let timer = if sessions.is_idle(self, now) || !self.is_known(&sessions.inner) {
                // Another node, or a newer entry of the cache, may know of later activity. A revocation of all sessions
                // reaches a node later than a session that began after it.
                match sessions.is_stored(self).await {
                    Some(true) => continue,
                    Some(false) => return,
                    None => sessions.sleep(REREAD_PAUSE),
                }
            } else {
                let idle_at = match self.machine() {
                    Some(_) => now + LONGEST_WAIT,
                    None => self.last_seen_at() + sessions.inner.config.idle_timeout,
                };
                sessions.sleep(self.expires_at().min(idle_at).since(now))
            };
            // Not to be kept alive by a wait.
            drop(sessions);
            tokio::select! {
                () = timer => {}
                // The sender is a field of `self`.
                _ = changes.changed() => {}
            }
        }
    }

    /// The sessions that know of this one's end, which is registered there from now on; `None` if the handle is gone.
    fn watched(&self) -> Option<Arc<Inner>> {
        let inner = self.session.sessions.upgrade()?;
        if self.session.changes.get().is_none() {
            // Registered before it is compared: a revocation sees it here, or was noted before.
            let _ = self.changes();
            inner.watched.insert(&self.session);
            let hash = &self.session.token_hash;
            if inner.revoked.contains_key(hash) {
                self.session.revoke();
            }
            let is_cached = inner
                .cache
                .get(hash)
                .is_some_and(|cached| Arc::ptr_eq(&cached.session, &self.session));
            if !is_cached {
                // It left the cache before it was watched, so that a revocation may have passed it by.
                let sessions = Sessions::from(Arc::clone(&inner));
                sessions.reread_later(vec![Arc::clone(&self.session)]);
            }
        }
        Some(inner)
    }

    fn changes(&self) -> &watch::Sender<()> {
        self.session.changes.get_or_init(|| watch::Sender::new(()))
    }

    fn is_valid_and_known(&self, sessions: &Inner, now: Timestamp) -> bool {
        self.session.is_valid(now) && self.is_known(sessions) && !sessions.is_stale()
    }

    /// Whether it was read after the last revocation of all sessions.
    fn is_known(&self, sessions: &Inner) -> bool {
        self.session.revocation_seq() >= sessions.revoke_all_seq.load(Ordering::Acquire)
    }
}

impl Sessions {
    /// Reads every watched session again: what this process knows may be old.
    pub(super) fn reread_watched(&self) {
        let watched = self.inner.watched.all();
        if !watched.is_empty() {
            self.reread_later(watched);
        }
    }

    fn reread_later(&self, sessions: Vec<Arc<CachedSession>>) {
        let this = self.clone();
        let reread =
            stream::iter(sessions).for_each_concurrent(CONCURRENT_REREADS, move |session| {
                let this = this.clone();
                async move {
                    let user = CurrentUser { session };
                    while user.session.is_valid(this.inner.store.now()) {
                        match this.is_stored(&user).await {
                            Some(true) => return,
                            Some(false) => user.session.revoke(),
                            None => tokio::time::sleep(REREAD_PAUSE).await,
                        }
                    }
                }
            });
        drop(self.inner.runtime.spawn(reread));
    }

    /// Whether the session is stored and alive; what is newer of it is taken over. `None` if the database does not answer.
    async fn is_stored(&self, user: &CurrentUser) -> Option<bool> {
        let sessions = self.clone();
        let hash = user.session.token_hash;
        let load = self
            .inner
            .runtime
            .spawn(async move { sessions.load_shared(hash).await });
        let loaded = match load.await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) if error.kind() == ErrorKind::TokenInvalid => None,
            _ => return None,
        };
        let now = self.inner.store.now();
        Some(loaded.is_some_and(|stored| {
            user.session.advance_last_seen(stored.last_seen_at());
            user.session
                .advance_revocation_seq(stored.session.revocation_seq());
            stored.session.is_valid(now) && !self.is_idle(&stored, now)
        }))
    }

    /// A wait by the handle's clock, whichever runtime polls it.
    fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.inner.runtime.enter();
        self.inner.store.clock().sleep(duration)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
