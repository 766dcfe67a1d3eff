//! The follower of the revocation log: what other nodes revoke is applied here within a second.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use crate::app::attribute_rereads::AttributeRereads;
use crate::audit::Actor;
use crate::authorization::Authorizations;
use crate::clock::Timestamp;
use crate::db::{Cursor, Store};
use crate::domain::Principal;
use crate::error::Result;
use crate::inbox::Inbox;
use crate::revocation::{ChangeListener, Poll, RECENT_REVOCATIONS_TTL, Revocation, log};
use crate::session::Sessions;
use crate::task_runner::TaskRunner;

/// How often a node polls the revocation log.
const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// Poll timeout: the smaller of this and `max_stale`, but at least `MIN_POLL_TIMEOUT`.
const MAX_POLL_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_POLL_TIMEOUT: Duration = Duration::from_millis(500);
/// How often a node asks the database for its time.
const CLOCK_SYNC_INTERVAL: Duration = Duration::from_secs(10);
/// A clock that runs ahead of real time by more than this was set, or the machine slept.
const MAX_CLOCK_LEAD: Duration = Duration::from_millis(500);
/// Several nodes may find that the database went back far; the first of them revokes all sessions.
const REVOKE_ALL_ONCE_WITHIN: Duration = Duration::from_mins(1);

/// The parts that the follower keeps consistent with the other nodes.
pub(super) struct Follower {
    pub(super) store: Store,
    pub(super) sessions: Sessions,
    pub(super) authorizations: Authorizations,
    pub(super) attribute_rereads: AttributeRereads,
    pub(super) inbox: Inbox,
    pub(super) tasks: TaskRunner,
}

/// Applies what other nodes revoke, until dropped.
pub(super) async fn follow_revocation_log(follower: Follower) {
    while AssertUnwindSafe(follower.run())
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!(target: "wecom_login", "revocation log task panicked; restarting");
        follower.sessions.set_stale(true);
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

impl Follower {
    async fn run(&self) {
        let sessions = &self.sessions;
        let max_stale = sessions.config().max_stale();
        let pool = self.store.database().pool();
        let listener = ChangeListener::spawn(pool, self.tasks.runtime());
        let mut cursor = None;
        // The machine's clock, because a test that advances the clock does not make the database faster.
        let mut polled_at = Instant::now();
        let mut clock_sync = ClockSync::now(&self.store);
        loop {
            let left = max_stale.saturating_sub(polled_at.elapsed());
            let timeout = left.clamp(MIN_POLL_TIMEOUT, MAX_POLL_TIMEOUT);
            let mut succeeded = false;
            match tokio::time::timeout(timeout, self.poll(cursor)).await {
                Ok(Ok((newest, more))) => {
                    succeeded = true;
                    cursor = Some(newest);
                    polled_at = Instant::now();
                    if more {
                        continue;
                    }
                    sessions.recent().checkpoint(newest);
                    sessions.set_stale(false);
                }
                Ok(Err(error)) => {
                    tracing::debug!(target: "wecom_login", ?error, "revocation log poll failed");
                }
                Err(_) => {
                    tracing::debug!(target: "wecom_login", "revocation log poll timed out");
                }
            }
            if succeeded && clock_sync.is_due(&self.store) {
                clock_sync = ClockSync::now(&self.store);
                // While the database does not answer, its last answer holds.
                let _ = tokio::time::timeout(MIN_POLL_TIMEOUT, self.store.sync_clock()).await;
            }
            if !succeeded && polled_at.elapsed() >= max_stale {
                sessions.set_stale(true);
            }
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = listener.changed() => {}
            }
        }
    }

    /// One poll of the log: the cursor after it, and whether the log holds more.
    async fn poll(&self, cursor: Option<Cursor>) -> Result<(Cursor, bool)> {
        let database = self.store.heartbeat();
        let Some(cursor) = cursor else {
            let newest = log::head(database).await?;
            // Sessions read before this cursor was known may be older than a revocation.
            self.authorizations.invalidate_all();
            self.sessions.flush();
            self.sessions.recent().reset(newest);
            return Ok((newest, false));
        };
        match log::read_after(database, cursor, self.store.now()).await? {
            Poll::Truncated(newest) => {
                tracing::info!(
                    target: "wecom_login",
                    "this node was away for longer than the revocation log reaches; caches are flushed"
                );
                self.flush();
                self.sessions.recent().reset(newest);
                Ok((newest, false))
            }
            Poll::Diverged(newest) => {
                tracing::warn!(
                    target: "wecom_login",
                    "the database was replaced or restored; caches are flushed"
                );
                self.flush();
                self.reapply(cursor).await?;
                self.sessions.recent().reset(newest);
                Ok((newest, false))
            }
            Poll::Entries(entries, newest) => {
                let more = !entries.is_empty();
                for entry in entries {
                    self.apply(entry).await;
                }
                Ok((newest, more))
            }
        }
    }

    fn flush(&self) {
        self.inbox.invalidate_all();
        self.authorizations.invalidate_all();
        self.sessions.flush();
    }

    async fn apply(&self, revocation: Revocation) {
        match revocation {
            Revocation::Authorization {
                suite_id,
                corp_id,
                epoch,
            } => self.authorizations.invalidate(&suite_id, &corp_id, epoch),
            Revocation::Member {
                suite_id,
                corp_id,
                third_user_id,
                authorization_epoch,
                epoch,
            } => {
                let principal = Principal::new(suite_id, corp_id, third_user_id);
                self.sessions
                    .apply_member_epoch(&principal, authorization_epoch, epoch);
            }
            Revocation::Attributes(principal) => {
                if self.sessions.has_changed_attributes(&principal) {
                    self.attribute_rereads.request(principal);
                }
            }
            Revocation::Session { token_hash } => {
                self.sessions.apply_session_revocation(&token_hash).await
            }
            Revocation::All => self.authorizations.apply_revoke_all(),
        }
    }

    /// Revokes again what was revoked lately: the database is not the one it was, and this node had read its log up to
    /// `cursor`. If more may have been lost than is remembered here, all sessions are revoked.
    async fn reapply(&self, cursor: Cursor) -> Result<()> {
        let recent = self.sessions.recent();
        let (database, now) = (self.store.heartbeat(), self.store.now());
        let since = now - RECENT_REVOCATIONS_TTL;
        let lost_revoke_all = recent.contains_revoke_all()
            && !log::contains_revoke_all_since(database, since).await?;
        if recent.covers_gap(&self.store, cursor).await? && !lost_revoke_all {
            // In a task of its own: there may be many, and the log is followed meanwhile.
            let (recent, store) = (recent.clone(), self.store.clone());
            self.tasks
                .spawn_until_shutdown(async move { recent.reapply(&store).await });
        } else if !log::contains_revoke_all_since(database, now - REVOKE_ALL_ONCE_WITHIN).await? {
            tracing::error!(
                target: "wecom_login",
                "the database went back further than revocations are remembered: all sessions are revoked"
            );
            self.authorizations.revoke_all_sessions(Actor::App).await?;
        }
        Ok(())
    }
}

/// When the database was last asked for its time, and what this node's clock showed then.
struct ClockSync {
    at: Instant,
    clock: Timestamp,
}

impl ClockSync {
    fn now(store: &Store) -> Self {
        Self {
            at: Instant::now(),
            clock: store.clock().now(),
        }
    }

    /// Whether it was long ago, or longer than it seems.
    fn is_due(&self, store: &Store) -> bool {
        let (passed, shown) = (self.at.elapsed(), store.clock().now().since(self.clock));
        passed >= CLOCK_SYNC_INTERVAL || shown > passed + MAX_CLOCK_LEAD
    }
}
