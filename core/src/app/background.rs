//! What goes on without a request: callbacks, re-reads, activity, the ends of other nodes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};

use crate::app::follower::follow_ends;
use crate::app::handle::WecomLogin;
use crate::app::housekeeping::keep_house;
use crate::app::keys::keep_key_booked;
use crate::inbox::store::{Inbox, Redelivery};
use crate::session::{self, BackgroundTask};

/// How often authorisations that are due are looked for.
const READ_EVERY: Duration = Duration::from_secs(5);
/// Questions to WeCom about people in use, at the same time.
const CHECKS_AT_ONCE: usize = 8;
/// The ends of the channels that the rest of the handle feeds.
pub(super) struct Feeds {
    pub(super) inbox: Inbox,
    pub(super) repeats: mpsc::UnboundedReceiver<Redelivery>,
    pub(super) background_tasks: mpsc::UnboundedReceiver<BackgroundTask>,
    pub(super) due: Arc<Notify>,
}

/// Starts everything on the handle's runtime. Each part ends when the handle is shut down.
pub(super) fn start(login: &WecomLogin, feeds: Feeds) {
    let login = &login.for_background();
    let inner = &login.0;
    let worker = inner.worker.clone();
    let tasks = inner.tasks.clone();
    // It ends by itself: what it has claimed is handed back first.
    inner
        .tasks
        .spawn_on(async move { worker.run(tasks).await }, &inner.runtime);
    spawn(login, read_authorizations(login.clone(), feeds.due));
    spawn(login, count_repeats(feeds.inbox.clone(), feeds.repeats));
    spawn(
        login,
        run_background_tasks(login.clone(), feeds.background_tasks),
    );
    spawn(login, keep_house(login.clone()));
    spawn(login, keep_key_booked(login.clone()));
    spawn(login, follow_ends(login.clone(), feeds.inbox));
    inner.runtime.spawn(no_longer_believed(login));
}

/// Once the handle is shut down nobody hears of ends any more. Not among the tasks, which are waited for.
fn no_longer_believed(login: &WecomLogin) -> impl Future<Output = ()> + Send + 'static {
    let (login, stop) = (Arc::downgrade(&login.0), login.0.stop.clone());
    async move {
        stop.cancelled().await;
        let Some(max_stale) = login
            .upgrade()
            .map(|login| login.sessions.config().max_stale())
        else {
            return;
        };
        tokio::time::sleep(max_stale).await;
        if let Some(login) = login.upgrade() {
            login.sessions.set_stale(true);
        }
    }
}

/// Starts a part that ends when the handle is shut down.
pub(super) fn spawn(login: &WecomLogin, part: impl Future<Output = ()> + Send + 'static) {
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
        let read = login
            .0
            .tasks
            .spawn(async move { authorizations.reread_due().await });
        if let Ok(Err(error)) = read.await {
            tracing::warn!(target: "wecom_login", ?error, "authorisations cannot be read");
        }
        tokio::select! {
            () = due.notified() => {}
            () = login.0.store.clock().sleep(READ_EVERY) => {}
        }
    }
}

async fn count_repeats(inbox: Inbox, mut repeats: mpsc::UnboundedReceiver<Redelivery>) {
    while let Some(repeat) = repeats.recv().await {
        if let Err(error) = inbox.record_redelivery(&repeat).await {
            tracing::debug!(target: "wecom_login", ?error, "a repetition was not counted");
        }
    }
}

async fn run_background_tasks(
    login: WecomLogin,
    mut background_tasks: mpsc::UnboundedReceiver<BackgroundTask>,
) {
    let checks = Arc::new(Semaphore::new(CHECKS_AT_ONCE));
    while let Some(task) = background_tasks.recv().await {
        let done = match task {
            BackgroundTask::Touch(user) => {
                session::touch(
                    login.0.store.database(),
                    user.session_id(),
                    user.last_seen_at(),
                )
                .await
            }
            // On its own: a slow WeCom must not hold back the writing of activity.
            BackgroundTask::CheckVisibility(who) => {
                let (login, checks) = (login.clone(), Arc::clone(&checks));
                login.0.tasks.clone().spawn(async move {
                    let _turn = checks.acquire().await;
                    if let Err(error) = login.0.visibility.check_visibility(&who).await {
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
