//! What goes on without a request: callbacks, re-reads, activity, the ends of other nodes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore, mpsc};

use super::handle::WecomLogin;
use super::housekeeping::keep_house;
use crate::callback::inbox::{Inbox, Repeats};
use crate::error::Result;
use crate::session::{Chore, Principal, rows};
use crate::store::Bell;
use crate::store::ends::{self, End, Heard, News};

/// How often authorisations that are due are looked for.
const READ_EVERY: Duration = Duration::from_secs(5);
/// Questions to WeCom about people in use, at the same time.
const CHECKS_AT_ONCE: usize = 8;
/// How often a node looks for what other nodes ended.
const HEAR_EVERY: Duration = Duration::from_millis(300);
/// How often a node asks the database for its time.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// A look at the feed that takes longer has failed.
const HEAR_WITHIN: Duration = Duration::from_secs(5);

/// The ends of the channels that the rest of the handle feeds.
pub(super) struct Feeds {
    pub(super) inbox: Inbox,
    pub(super) repeats: mpsc::UnboundedReceiver<Repeats>,
    pub(super) chores: mpsc::UnboundedReceiver<Chore>,
    pub(super) due: Arc<Notify>,
}

/// Starts everything on the handle's runtime. Each part ends when the handle is shut down.
pub(super) fn start(login: &WecomLogin, feeds: Feeds) {
    let login = &login.for_background();
    let inner = &login.0;
    let worker = inner.worker.clone();
    let tasks = inner.tasks.clone();
    // It ends by itself: what it has claimed is handed back first.
    inner.tasks.spawn_on(async move { worker.run(tasks).await }, &inner.runtime);
    spawn(login, read_authorizations(login.clone(), feeds.due));
    spawn(login, count_repeats(feeds.inbox, feeds.repeats));
    spawn(login, do_chores(login.clone(), feeds.chores));
    spawn(login, keep_house(login.clone()));
    spawn(login, follow_ends(login.clone()));
}

fn spawn(login: &WecomLogin, part: impl Future<Output = ()> + Send + 'static) {
    let stop = login.0.stop.clone();
    let until_stopped = async move {
        tokio::select! {
            () = part => {}
            () = stop.cancelled() => {}
        }
    };
    login.0.tasks.spawn_on(until_stopped, &login.0.runtime);
}

async fn read_authorizations(login: WecomLogin, due: Arc<Notify>) {
    loop {
        // Spawned, so that a hook of the host app that panics does not end the re-reads.
        let authorizations = login.0.authorizations.clone();
        let read = login.0.tasks.spawn(async move { authorizations.read_due().await });
        if let Ok(Err(error)) = read.await {
            tracing::warn!(target: "wecom_login", ?error, "authorisations cannot be read");
        }
        tokio::select! {
            () = due.notified() => {}
            () = login.0.store.clock().sleep(READ_EVERY) => {}
        }
    }
}

async fn count_repeats(inbox: Inbox, mut repeats: mpsc::UnboundedReceiver<Repeats>) {
    while let Some(repeat) = repeats.recv().await {
        if let Err(error) = inbox.count(&repeat).await {
            tracing::debug!(target: "wecom_login", ?error, "a repetition was not counted");
        }
    }
}

async fn do_chores(login: WecomLogin, mut chores: mpsc::UnboundedReceiver<Chore>) {
    let checks = Arc::new(Semaphore::new(CHECKS_AT_ONCE));
    while let Some(chore) = chores.recv().await {
        let done = match chore {
            Chore::Seen(user) => {
                rows::seen(login.0.store.database(), user.session_id(), user.last_seen_at()).await
            }
            // On its own: a slow WeCom must not hold back the writing of activity.
            Chore::CheckVisibility(who) => {
                let (login, checks) = (login.clone(), Arc::clone(&checks));
                login.0.tasks.clone().spawn(async move {
                    let _turn = checks.acquire().await;
                    if let Err(error) = login.0.prover.check_visibility(&who).await {
                        tracing::info!(target: "wecom_login", ?error, "visibility could not be asked");
                    }
                });
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::info!(target: "wecom_login", ?error, "the activity of a session was not written");
        }
    }
}

/// Hears of what other nodes ended, within a second, whatever happens on the way.
async fn follow_ends(login: WecomLogin) {
    while AssertUnwindSafe(listen_for_ends(&login)).catch_unwind().await.is_err() {
        tracing::error!(target: "wecom_login", "the feed of ends was lost hold of; it is taken up again");
        login.0.sessions.trust(false);
        tokio::time::sleep(HEAR_EVERY).await;
    }
}

async fn listen_for_ends(login: &WecomLogin) {
    let sessions = &login.0.sessions;
    let bell = Bell::hang(login.0.store.database().pool(), &login.0.runtime);
    let mut heard = None;
    // By the machine's clock: the database does not wait for one that a test moves.
    let mut heard_at = Instant::now();
    let mut measured_at = Instant::now();
    loop {
        if measured_at.elapsed() >= MEASURE_EVERY {
            measured_at = Instant::now();
            // As long as it does not answer, the last answer holds.
            let _ = tokio::time::timeout(HEAR_WITHIN, login.0.store.measure_time()).await;
        }
        match tokio::time::timeout(HEAR_WITHIN, hear(login, heard)).await {
            Ok(Ok((newest, more))) => {
                heard = Some(newest);
                heard_at = Instant::now();
                if more {
                    continue;
                }
                sessions.trust(true);
            }
            Ok(Err(error)) => {
                tracing::debug!(target: "wecom_login", ?error, "the feed of ends cannot be read")
            }
            Err(_) => tracing::debug!(target: "wecom_login", "the feed of ends cannot be read in time"),
        }
        if heard_at.elapsed() > sessions.settings().cached_without_database {
            sessions.trust(false);
        }
        tokio::select! {
            () = tokio::time::sleep(HEAR_EVERY) => {}
            () = bell.rings() => {}
        }
    }
}

/// One look at the feed: where it stands now, and whether it holds more.
async fn hear(login: &WecomLogin, heard: Option<Heard>) -> Result<(Heard, bool)> {
    let inner = &login.0;
    let Some(heard) = heard else {
        let newest = ends::newest(inner.store.database()).await?;
        // What was read before this place in the feed was known may be from before an end.
        inner.sessions.forget_all();
        inner.authorizations.forget_all();
        return Ok((newest, false));
    };
    match ends::since(inner.store.database(), heard).await? {
        News::Broken(newest) => {
            tracing::warn!(target: "wecom_login", "the database is not the one it was; sessions are read anew");
            inner.sessions.forget_all();
            inner.authorizations.forget_all();
            inner.sessions.repeat_ends().await?;
            Ok((newest, false))
        }
        News::Ends(ends, newest) => {
            let more = !ends.is_empty();
            for end in ends {
                match end {
                    End::Authorization { suite_id, corp_id, epoch } => {
                        inner.authorizations.changed(&suite_id, &corp_id, epoch);
                    }
                    End::Person { suite_id, corp_id, user_id, authorization_epoch, epoch } => {
                        let who = Principal::new(suite_id, corp_id, user_id);
                        inner.sessions.person_ended(&who, authorization_epoch, epoch);
                    }
                    End::Session { token_hash } => inner.sessions.session_ended(&token_hash).await,
                }
            }
            Ok((newest, more))
        }
    }
}
