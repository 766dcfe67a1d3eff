//! Follows the feed of ends: what other nodes ended is over here within a second, whatever happens on the way.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use crate::app::background::spawn;
use crate::app::handle::WecomLogin;
use crate::clock::Timestamp;
use crate::db::Cursor;
use crate::domain::Principal;
use crate::error::Result;
use crate::inbox::store::Inbox;
use crate::revocation::{ChangeListener, Poll, RECENT_REVOCATIONS_TTL, Revocation, log};

/// How often a node looks for what other nodes ended.
const HEAR_EVERY: Duration = Duration::from_millis(300);
/// How often a node asks the database for its time.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// A look at the feed that takes longer has failed …
const HEAR_WITHIN: Duration = Duration::from_secs(5);
/// … and sooner, if sessions in memory are not to be believed for as long; but this long it may take.
const HEAR_WITHIN_AT_LEAST: Duration = Duration::from_millis(500);
/// A clock that is so much ahead of time itself was set, or the machine slept.
const LEAP: Duration = Duration::from_millis(500);
/// Several nodes may find that the database went back far; the first of them ends all sessions.
const ALL_ENDED_LATELY: Duration = Duration::from_mins(1);

/// Hears of what other nodes ended, until dropped.
pub(super) async fn follow_ends(login: WecomLogin, inbox: Inbox) {
    while AssertUnwindSafe(listen_for_ends(&login, &inbox))
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!(target: "wecom_login", "the feed of ends was lost hold of; it is taken up again");
        login.0.sessions.set_stale(true);
        tokio::time::sleep(HEAR_EVERY).await;
    }
}

async fn listen_for_ends(login: &WecomLogin, inbox: &Inbox) {
    let sessions = &login.0.sessions;
    let max_stale = sessions.config().max_stale();
    let bell = ChangeListener::spawn(login.0.store.database().pool(), &login.0.runtime);
    let mut heard = None;
    // By the machine's clock: the database does not wait for one that a test moves.
    let mut heard_at = Instant::now();
    let mut measured = Measured::now(login);
    loop {
        let left = max_stale.saturating_sub(heard_at.elapsed());
        let time = left.clamp(HEAR_WITHIN_AT_LEAST, HEAR_WITHIN);
        let mut well = false;
        match tokio::time::timeout(time, hear(login, inbox, heard)).await {
            Ok(Ok((newest, more))) => {
                well = true;
                heard = Some(newest);
                heard_at = Instant::now();
                if more {
                    continue;
                }
                sessions.recent().checkpoint(newest);
                sessions.set_stale(false);
            }
            Ok(Err(error)) => {
                tracing::debug!(target: "wecom_login", ?error, "the feed of ends cannot be read");
            }
            Err(_) => {
                tracing::debug!(target: "wecom_login", "the feed of ends cannot be read in time")
            }
        }
        if well && measured.is_over(login) {
            measured = Measured::now(login);
            // As long as it does not answer, the last answer holds.
            let _ = tokio::time::timeout(HEAR_WITHIN_AT_LEAST, login.0.store.sync_clock()).await;
        }
        if !well && heard_at.elapsed() >= max_stale {
            sessions.set_stale(true);
        }
        tokio::select! {
            () = tokio::time::sleep(HEAR_EVERY) => {}
            () = bell.changed() => {}
        }
    }
}

/// When the database was last asked for its time, and what this machine's clock showed then.
struct Measured(Instant, Timestamp);

impl Measured {
    fn now(login: &WecomLogin) -> Self {
        Self(Instant::now(), login.0.store.clock().now())
    }

    /// Whether it has to be asked again: it was long ago, or longer than it seems.
    fn is_over(&self, login: &WecomLogin) -> bool {
        let Self(at, clock) = self;
        let (passed, shown) = (at.elapsed(), login.0.store.clock().now().since(*clock));
        passed >= MEASURE_EVERY || shown > passed + LEAP
    }
}

/// One look at the feed: where it stands now, and whether it holds more.
async fn hear(login: &WecomLogin, inbox: &Inbox, heard: Option<Cursor>) -> Result<(Cursor, bool)> {
    let inner = &login.0;
    let Some(heard) = heard else {
        let newest = log::head(inner.store.heartbeat()).await?;
        // What was read before this place in the feed was known may be from before an end.
        inner.authorizations.invalidate_all();
        inner.sessions.flush();
        inner.sessions.recent().reset(newest);
        return Ok((newest, false));
    };
    match log::read_after(inner.store.heartbeat(), heard).await? {
        Poll::Truncated(newest) => {
            tracing::info!(target: "wecom_login", "away for longer than ends are kept; sessions are read anew");
            inbox.invalidate_all();
            inner.authorizations.invalidate_all();
            inner.sessions.flush();
            inner.sessions.recent().reset(newest);
            Ok((newest, false))
        }
        Poll::Diverged(newest) => {
            tracing::warn!(target: "wecom_login", "the database is not the one it was; sessions are read anew");
            inbox.invalidate_all();
            inner.authorizations.invalidate_all();
            inner.sessions.flush();
            end_anew(login, heard).await?;
            inner.sessions.recent().reset(newest);
            Ok((newest, false))
        }
        Poll::Entries(ends, newest) => {
            let more = !ends.is_empty();
            for end in ends {
                follow(login, end).await;
            }
            Ok((newest, more))
        }
    }
}

async fn follow(login: &WecomLogin, end: Revocation) {
    let inner = &login.0;
    match end {
        Revocation::Authorization {
            suite_id,
            corp_id,
            epoch,
        } => {
            inner.authorizations.invalidate(&suite_id, &corp_id, epoch);
        }
        Revocation::Member {
            suite_id,
            corp_id,
            third_user_id,
            authorization_epoch,
            epoch,
        } => {
            let who = Principal::new(suite_id, corp_id, third_user_id);
            inner
                .sessions
                .apply_member_epoch(&who, authorization_epoch, epoch);
        }
        Revocation::Session { token_hash } => {
            inner.sessions.apply_session_revocation(&token_hash).await
        }
        Revocation::All => inner.authorizations.apply_revoke_all(),
    }
}

/// The database is not the one it was, and this node had heard of the ends up to `heard`. What ended lately is ended
/// once more. If more may have been lost than is remembered here, all sessions end.
async fn end_anew(login: &WecomLogin, heard: Cursor) -> Result<()> {
    let inner = &login.0;
    let recent = inner.sessions.recent();
    let now = inner.store.now();
    let all_were_lost = recent.contains_revoke_all()
        && !log::contains_revoke_all_since(inner.store.heartbeat(), now - RECENT_REVOCATIONS_TTL)
            .await?;
    if recent.covers_gap(&inner.store, heard).await? && !all_were_lost {
        // On its own: there may be many, and the feed is followed meanwhile.
        let (recent, store) = (recent.clone(), inner.store.clone());
        spawn(login, async move { recent.reapply(&store).await });
    } else if !log::contains_revoke_all_since(inner.store.heartbeat(), now - ALL_ENDED_LATELY)
        .await?
    {
        tracing::error!(
            target: "wecom_login",
            "the database went back further than ends are remembered: all sessions end, people log in again"
        );
        inner.authorizations.revoke_all_sessions().await?;
    }
    Ok(())
}
