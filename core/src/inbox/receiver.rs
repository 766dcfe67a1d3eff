//! The receiver of pushed events: signature, decryption, classification, storing, then the response (D/96211, D/97172).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::authorization::Authorizations;
use crate::callback::query::CallbackQuery;
use crate::callback::{Envelope, decrypt, verify_signature};
use crate::db::Store;
use crate::domain::{AuthorizationStatus, CallbackKeys, CorpId, Suite, SuiteId, Suites};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::Notifications;
use crate::inbox::classify::Classified;
use crate::inbox::delivery::{Delivery, IncomingEvent};
use crate::inbox::inbox::Inbox;
use crate::inbox::response::NotifyResponse;
use crate::task_runner::TaskRunner;

/// WeCom waits one second for the response (D/100965); the rest is for the network.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_millis(800);
/// Callbacks that are stored at the same time. The others wait within the response timeout.
const MAX_CONCURRENT_STORES: usize = 32;

/// What [`CallbackReceiver`] depends on.
pub(crate) struct ReceiverDeps {
    pub(crate) suites: Suites,
    pub(crate) instances: Arc<Instances>,
    pub(crate) inbox: Inbox,
    pub(crate) authorizations: Authorizations,
    pub(crate) notifications: Notifications,
    pub(crate) store: Store,
    pub(crate) tasks: TaskRunner,
}

/// Receives WeCom's callbacks.
#[derive(Clone)]
pub(crate) struct CallbackReceiver {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) suites: Suites,
    pub(super) instances: Arc<Instances>,
    inbox: Inbox,
    authorizations: Authorizations,
    pub(super) notifications: Notifications,
    pub(super) store: Store,
    permits: Semaphore,
    tasks: TaskRunner,
}

impl CallbackReceiver {
    pub(crate) fn new(deps: ReceiverDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                suites: deps.suites,
                instances: deps.instances,
                inbox: deps.inbox,
                authorizations: deps.authorizations,
                notifications: deps.notifications,
                store: deps.store,
                permits: Semaphore::new(MAX_CONCURRENT_STORES),
                tasks: deps.tasks,
            }),
        }
    }

    /// Receives a pushed event.
    pub(crate) async fn receive(
        &self,
        scope: Option<&SuiteId>,
        query: &str,
        body: &[u8],
    ) -> NotifyResponse {
        let Some(query) = CallbackQuery::parse(query, false) else {
            return NotifyResponse::rejection(400);
        };
        let Ok(envelope) = Envelope::parse(body) else {
            return NotifyResponse::rejection(400);
        };
        let stored = self.classify_and_store(scope, &query, &envelope);
        match tokio::time::timeout(RESPONSE_TIMEOUT, stored).await {
            Ok(Ok(true)) => NotifyResponse::success(),
            Ok(Ok(false)) => NotifyResponse::rejection(403),
            // WeCom pushes it again.
            Ok(Err(error)) => {
                tracing::error!(target: "wecom_login", ?error, "a callback could not be stored");
                NotifyResponse::rejection(500)
            }
            Err(_) => {
                tracing::error!(target: "wecom_login", "a callback was not stored in time");
                NotifyResponse::rejection(500)
            }
        }
    }

    /// Stores the event for every suite whose keys fit. Returns whether there was one to store.
    async fn classify_and_store(
        &self,
        scope: Option<&SuiteId>,
        query: &CallbackQuery<'_>,
        envelope: &Envelope<'_>,
    ) -> Result<bool> {
        let Ok(_permit) = self.inner.permits.acquire().await else {
            return Ok(false);
        };
        let mut accepted = Vec::new();
        for (suite, keys) in self.matching_suites(scope, query, &envelope.encrypt) {
            let Ok(plain) = decrypt(&keys.encoding_aes_key, &envelope.encrypt) else {
                continue;
            };
            if let Classified::Accept(event) = self.classify(suite, &plain).await? {
                accepted.push(*event);
            }
        }
        let ambiguous_suite = is_ambiguous(&accepted);
        let has_event = !accepted.is_empty();
        for event in accepted {
            self.store(IncomingEvent {
                ambiguous_suite,
                ..event
            })
            .await?;
        }
        Ok(has_event)
    }

    /// The suites whose token signed this, each with the keys to decrypt it, each pair of keys once a suite.
    pub(super) fn matching_suites<'a>(
        &'a self,
        scope: Option<&'a SuiteId>,
        query: &'a CallbackQuery<'_>,
        encrypt: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<Suite>, &'a CallbackKeys)> {
        let is_signed = move |keys: &&CallbackKeys| {
            verify_signature(
                &keys.token,
                &query.timestamp,
                &query.nonce,
                encrypt,
                &query.msg_signature,
            )
        };
        self.inner
            .suites
            .iter()
            .filter(move |suite| scope.is_none_or(|scope| *scope == suite.id))
            .flat_map(move |suite| {
                let keys = suite.callback_keys.iter().filter(is_signed);
                keys.map(move |keys| (suite, keys))
            })
    }

    pub(super) async fn is_authorized(&self, suite: &Suite, corp_id: &CorpId) -> Result<bool> {
        let found = self.inner.authorizations.find(&suite.id, corp_id).await?;
        // A cancellation that WeCom has not confirmed may be undone, and a member who left meanwhile has left.
        Ok(found.is_some_and(|found| {
            found.status != AuthorizationStatus::Cancelled || found.permanent_code.is_some()
        }))
    }

    /// Spawned, so that storing is completed even if the response timeout cuts off the caller.
    async fn store(&self, event: IncomingEvent) -> Result<bool> {
        let inbox = self.inner.inbox.clone();
        let stored = self
            .inner
            .tasks
            .runtime()
            .spawn(async move { inbox.store(event).await })
            .await;
        stored.map_err(|_| Error::new(ErrorKind::Internal, "storing a callback was cut off"))?
    }
}

impl fmt::Debug for CallbackReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackReceiver")
    }
}

/// Whether the event is of a corp that authorized several suites with the same keys: it does not say which of them it
/// is about.
fn is_ambiguous(accepted: &[IncomingEvent]) -> bool {
    let mut events = accepted
        .iter()
        .filter(|event| !matches!(event.delivery, Delivery::Ignore));
    let first = events.next().map(|event| &event.suite_id);
    events.any(|event| Some(&event.suite_id) != first)
}
