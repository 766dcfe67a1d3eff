//! The work that goes on without a request: callbacks, re-reads, activity, housekeeping, revocations of other nodes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};

use crate::app::attribute_rereads::AttributeRereads;
#[cfg(feature = "metrics")]
use crate::app::figures::Figures;
use crate::app::follower::{Follower, follow_revocation_log};
use crate::app::housekeeping::{Housekeeping, run_housekeeping};
use crate::app::node::Node;
use crate::authorization::Authorizations;
use crate::db::Store;
use crate::domain::Suites;
use crate::hooks::{Deliver, DynHooks, Notification, Notifications, Refusals, call_hook};
use crate::inbox::{Inbox, Redelivery, Worker};
use crate::members::{Members, Visibility};
use crate::session::{self, BackgroundTask, Sessions};
use crate::task_runner::TaskRunner;
use crate::tokens::{TicketWatch, Tokens};
use crate::vault::{KEY_HEARTBEAT, Vault};

/// How often the other ids of corps are asked for that WeCom did not name.
const LEARN_INTERVAL: Duration = Duration::from_mins(10);
/// The pause after the ids of corps were read: authorizations may change in a rush.
const LEARN_PAUSE: Duration = Duration::from_millis(200);
/// How often authorizations that are due are read again.
const READ_INTERVAL: Duration = Duration::from_secs(5);
/// How often repeated failures are logged, and missing suite_tickets are looked for.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// How often members whose visibility is due are looked for.
const VISIBILITY_POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Questions to WeCom about the visibility of members, at the same time.
const MAX_VISIBILITY_CHECKS: usize = 8;

/// The dependencies of the background tasks.
pub(super) struct Background {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) sessions: Sessions,
    pub(super) authorizations: Authorizations,
    pub(super) tokens: Tokens,
    pub(super) suites: Suites,
    pub(super) visibility: Visibility,
    pub(super) members: Members,
    pub(super) inbox: Inbox,
    pub(super) worker: Worker,
    pub(super) housekeeping: Housekeeping,
    pub(super) notifications: Notifications,
    pub(super) hooks: Arc<dyn DynHooks>,
    pub(super) refusals: Refusals,
    pub(super) node: Node,
    #[cfg(feature = "metrics")]
    pub(super) metrics_interval: Duration,
    pub(super) tasks: TaskRunner,
}

/// The receiving ends of the channels to the background tasks.
pub(super) struct Receivers {
    pub(super) redeliveries: mpsc::UnboundedReceiver<Redelivery>,
    pub(super) session_tasks: mpsc::UnboundedReceiver<BackgroundTask>,
    pub(super) authorizations_due: Arc<Notify>,
    pub(super) aliases_due: Arc<Notify>,
    pub(super) visibility_due: Arc<Notify>,
}

impl Background {
    /// Starts every task. Each ends when the handle is shut down.
    pub(super) fn start(self, receivers: Receivers) {
        let tasks = self.tasks.clone();
        let (worker, tracker) = (self.worker.clone(), tasks.tasks().clone());
        // The worker is not cancelled: it releases the records it has claimed first.
        drop(tasks.spawn(async move { worker.run(tracker).await }));
        tasks.spawn_until_shutdown(read_authorizations(
            self.store.clone(),
            self.authorizations.clone(),
            tasks.clone(),
            receivers.authorizations_due,
        ));
        #[cfg(feature = "metrics")]
        tasks.spawn_until_shutdown(
            Figures {
                store: self.store.clone(),
                suites: self.suites.clone(),
                sessions: self.sessions.clone(),
                tokens: self.tokens.clone(),
                interval: self.metrics_interval,
            }
            .run(),
        );
        tasks.spawn_until_shutdown(self.node.run());
        let deliver = deliver_to(self.hooks, self.authorizations.clone());
        tasks.spawn_until_shutdown(self.notifications.run(tasks.clone(), deliver));
        tasks.spawn_until_shutdown(learn_aliases(
            self.store.clone(),
            self.authorizations.clone(),
            receivers.aliases_due,
        ));
        tasks.spawn_until_shutdown(count_redeliveries(
            self.inbox.clone(),
            receivers.redeliveries,
        ));
        tasks.spawn_until_shutdown(check_visibility(
            self.store.clone(),
            self.visibility.clone(),
            receivers.visibility_due,
        ));
        tasks.spawn_until_shutdown(run_session_tasks(
            self.store.clone(),
            self.visibility,
            tasks.clone(),
            receivers.session_tasks,
        ));
        tasks.spawn_until_shutdown(log_failures(
            self.store.clone(),
            self.tokens,
            self.suites,
            self.refusals,
        ));
        tasks.spawn_until_shutdown(run_housekeeping(self.housekeeping));
        tasks.spawn_until_shutdown(heartbeat_key(self.store.clone(), self.vault));
        let expire = self
            .sessions
            .expire_cache_after_shutdown(tasks.shutdown_token().clone());
        tasks.spawn_detached(expire);
        let attribute_rereads = AttributeRereads::new(self.members);
        tasks.spawn_until_shutdown(attribute_rereads.clone().run());
        tasks.spawn_until_shutdown(follow_revocation_log(Follower {
            store: self.store,
            sessions: self.sessions,
            authorizations: self.authorizations,
            attribute_rereads,
            inbox: self.inbox,
            tasks: self.tasks,
        }));
    }
}

/// Delivers to the hooks of the host app. `authorization` stores what they decide.
fn deliver_to(hooks: Arc<dyn DynHooks>, authorizations: Authorizations) -> Deliver {
    Arc::new(move |notification| {
        let (hooks, authorizations) = (Arc::clone(&hooks), authorizations.clone());
        Box::pin(async move {
            match notification {
                Notification::Review { suite_id, corp_id } => {
                    authorizations.review(&suite_id, &corp_id).await
                }
                notification => call_hook(&*hooks, notification).await,
            }
        })
    })
}

async fn read_authorizations(
    store: Store,
    authorizations: Authorizations,
    tasks: TaskRunner,
    due: Arc<Notify>,
) {
    loop {
        // Spawned, so that a panic does not end the re-reads.
        let authorizations = authorizations.clone();
        let read = tasks.spawn_cancellable(async move { authorizations.reread_due().await });
        if let Ok(Some(Err(error))) = read.await {
            tracing::warn!(target: "wecom_login", ?error, "authorizations could not be read");
        }
        tokio::select! {
            () = due.notified() => {}
            () = store.clock().sleep(READ_INTERVAL) => {}
        }
    }
}

async fn log_failures(store: Store, tokens: Tokens, suites: Suites, refusals: Refusals) {
    let tickets = TicketWatch::new(store.clone(), suites);
    loop {
        store.clock().sleep(LOG_INTERVAL).await;
        tokens.log_ended_refusals();
        refusals.tell_ended();
        if let Err(error) = tickets.warn_of_missing().await {
            tracing::debug!(target: "wecom_login", ?error, "suite_tickets could not be checked");
        }
    }
}

async fn check_visibility(store: Store, visibility: Visibility, due: Arc<Notify>) {
    loop {
        if let Err(error) = visibility.check_due().await {
            tracing::info!(target: "wecom_login", ?error, "members whose visibility is due could not be read");
        }
        tokio::select! {
            () = due.notified() => {}
            () = store.clock().sleep(VISIBILITY_POLL_INTERVAL) => {}
        }
    }
}

async fn learn_aliases(store: Store, authorizations: Authorizations, due: Arc<Notify>) {
    loop {
        if let Err(error) = authorizations.learn_due().await {
            tracing::info!(target: "wecom_login", ?error, "the other ids of corps could not be learnt");
        }
        tokio::time::sleep(LEARN_PAUSE).await;
        tokio::select! {
            () = due.notified() => {}
            () = store.clock().sleep(LEARN_INTERVAL) => {}
        }
    }
}

async fn count_redeliveries(inbox: Inbox, mut redeliveries: mpsc::UnboundedReceiver<Redelivery>) {
    while let Some(redelivery) = redeliveries.recv().await {
        if let Err(error) = inbox.record_redelivery(&redelivery).await {
            tracing::debug!(target: "wecom_login", ?error, "a redelivery was not counted");
        }
    }
}

async fn run_session_tasks(
    store: Store,
    visibility: Visibility,
    tasks: TaskRunner,
    mut session_tasks: mpsc::UnboundedReceiver<BackgroundTask>,
) {
    let checks = Arc::new(Semaphore::new(MAX_VISIBILITY_CHECKS));
    while let Some(task) = session_tasks.recv().await {
        match task {
            BackgroundTask::Touch(user) => {
                let (id, at) = (user.session_id(), user.last_seen_at());
                if let Err(error) = session::touch(store.database(), id, at).await {
                    tracing::info!(target: "wecom_login", ?error, "the activity of a session was not stored");
                }
            }
            // In a task of its own: a slow WeCom must not delay the storing of activity.
            BackgroundTask::CheckVisibility(principal) => {
                let (visibility, checks) = (visibility.clone(), Arc::clone(&checks));
                tasks.spawn_until_shutdown(async move {
                    let _permit = checks.acquire().await;
                    if let Err(error) = visibility.check_visibility(&principal).await {
                        tracing::info!(target: "wecom_login", ?error, "visibility could not be checked");
                    }
                });
            }
        }
    }
}

/// Records again and again that this node writes with its key, until dropped.
async fn heartbeat_key(store: Store, vault: Vault) {
    loop {
        store.clock().sleep(KEY_HEARTBEAT).await;
        if let Err(error) = vault.heartbeat().await {
            tracing::debug!(target: "wecom_login", ?error, "the data key's heartbeat was not stored");
        }
    }
}
