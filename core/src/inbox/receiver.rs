//! The receiver of pushed events: signature, decryption, classification, storing, then the response (D/96211, D/97172).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::authorization::Authorizations;
use crate::callback::{Envelope, Plaintext, decrypt, verify_signature};
use crate::db::Store;
use crate::domain::{AuthorizationStatus, CallbackKeys, CorpId, Suite, SuiteId, Suites};
use crate::element::Instances;
use crate::error::Result;
use crate::hooks::Notifications;
use crate::inbox::classify::Classified;
use crate::inbox::delivery::{Delivery, IncomingEvent};
use crate::inbox::inbox::{AUTH_CODE_TTL, Inbox};
use crate::inbox::request::NotifyRequest;
use crate::inbox::response::NotifyResponse;
use crate::metrics;
use crate::task_runner::TaskRunner;

/// WeCom disconnects after five seconds (D/96238); the rest is for the network. It may not push again after a 500.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(4_500);
/// How long a shutdown leaves to a callback that is not stored yet.
const SHUTDOWN_RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long storing is tried, also after the response: an event with an AuthCode is of use for so long.
const STORE_PERIOD: Duration = AUTH_CODE_TTL;
const STORE_RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// Callbacks that are stored at the same time.
const MAX_CONCURRENT_STORES: usize = 32;
/// Callbacks that are not stored yet. More are refused at once.
const MAX_PENDING_CALLBACKS: usize = 512;

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

/// What is known of the corp of an event.
pub(super) enum KnownCorp {
    /// No authorization bears its id.
    Unknown,
    Authorized,
    Ended,
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
    pending: Arc<Semaphore>,
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
                pending: Arc::new(Semaphore::new(MAX_PENDING_CALLBACKS)),
                tasks: deps.tasks,
            }),
        }
    }

    /// Answers a request of WeCom to the callback URL.
    pub(crate) async fn answer(
        &self,
        scope: Option<&SuiteId>,
        request: &NotifyRequest,
    ) -> NotifyResponse {
        let response = self.answer_uncounted(scope, request).await;
        metrics::callback_received(response.status);
        response
    }

    async fn answer_uncounted(
        &self,
        scope: Option<&SuiteId>,
        request: &NotifyRequest,
    ) -> NotifyResponse {
        if !request.is_complete() {
            return NotifyResponse::rejection(400);
        }
        match (&request.body, request.echostr.as_deref()) {
            (Some(body), _) => self.receive(scope, request, body).await,
            (None, Some(echostr)) if !echostr.is_empty() => {
                self.check_url(scope, request, echostr).await
            }
            (None, _) => NotifyResponse::rejection(400),
        }
    }

    /// Receives a pushed event.
    async fn receive(
        &self,
        scope: Option<&SuiteId>,
        request: &NotifyRequest,
        body: &[u8],
    ) -> NotifyResponse {
        let Ok(envelope) = Envelope::parse(body) else {
            return NotifyResponse::rejection(400);
        };
        let arrived = Instant::now();
        let opened: Vec<_> = self
            .matching_suites(scope, request, &envelope.encrypt)
            .filter_map(|(suite, keys)| {
                let plain = decrypt(&keys.encoding_aes_key, &envelope.encrypt).ok()?;
                Some((Arc::clone(suite), plain))
            })
            .collect();
        if opened.is_empty() {
            return NotifyResponse::rejection(403);
        }
        let Ok(place) = Arc::clone(&self.inner.pending).try_acquire_owned() else {
            tracing::error!(target: "wecom_login", "too many callbacks wait for the database; one was refused");
            return NotifyResponse::rejection(500);
        };
        // Spawned: storing goes on after the response, because WeCom may not push the event again.
        let receiver = self.clone();
        let storing = self.inner.tasks.runtime().spawn(async move {
            let accepted = receiver.classify_and_store(&opened).await;
            drop(place);
            accepted
        });
        tokio::select! {
            stored = storing => match stored {
                Ok(Ok(true)) => NotifyResponse::success(),
                Ok(Ok(false)) => NotifyResponse::rejection(403),
                Ok(Err(_)) | Err(_) => NotifyResponse::rejection(500),
            },
            () = self.until_response_due(arrived) => {
                tracing::error!(target: "wecom_login", "a callback was not stored in time; storing goes on");
                NotifyResponse::rejection(500)
            }
        }
    }

    /// Completes when a callback that is not stored yet has to be answered all the same.
    async fn until_response_due(&self, arrived: Instant) {
        let shutdown = async {
            self.inner.tasks.shutdown_token().cancelled().await;
            tokio::time::sleep(SHUTDOWN_RESPONSE_TIMEOUT).await;
        };
        tokio::select! {
            () = tokio::time::sleep_until(arrived + RESPONSE_TIMEOUT) => {}
            () = shutdown => {}
        }
    }

    /// Stores the event for every suite whose keys fit. Returns whether there was one to store.
    async fn classify_and_store(&self, opened: &[(Arc<Suite>, Plaintext)]) -> Result<bool> {
        let give_up_at = Instant::now() + STORE_PERIOD;
        let classify = || self.classify_all(opened);
        let mut accepted = self.retry_until(give_up_at, classify).await?;
        let ambiguous_suite = is_ambiguous(&accepted);
        for event in &mut accepted {
            event.ambiguous_suite = ambiguous_suite;
        }
        let has_event = !accepted.is_empty();
        for event in accepted {
            let store = || self.inner.inbox.store(&event);
            self.retry_until(give_up_at, store).await?;
        }
        Ok(has_event)
    }

    async fn classify_all(&self, opened: &[(Arc<Suite>, Plaintext)]) -> Result<Vec<IncomingEvent>> {
        let mut accepted = Vec::new();
        for (suite, plain) in opened {
            if let Classified::Accept(event) = self.classify(suite, plain).await? {
                accepted.push(*event);
            }
        }
        Ok(accepted)
    }

    /// Repeats work on the database while it fails, until this time.
    async fn retry_until<T, F>(&self, give_up_at: Instant, work: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut has_failed = false;
        loop {
            let done = {
                // The semaphore is never closed.
                let _permit = self.inner.permits.acquire().await;
                work().await
            };
            let error = match done {
                Ok(done) => {
                    if has_failed {
                        tracing::info!(target: "wecom_login", "a callback was stored after all");
                    }
                    return Ok(done);
                }
                Err(error) => error,
            };
            if Instant::now() >= give_up_at {
                tracing::error!(target: "wecom_login", ?error, "a callback could not be stored and is lost unless WeCom pushes it again");
                return Err(error);
            }
            if !has_failed {
                tracing::error!(target: "wecom_login", ?error, "a callback could not be stored yet; storing is retried");
            }
            has_failed = true;
            tokio::time::sleep(STORE_RETRY_INTERVAL).await;
        }
    }

    /// The suites whose token signed this, each with the keys to decrypt it, each pair of keys once a suite.
    pub(super) fn matching_suites<'a>(
        &'a self,
        scope: Option<&'a SuiteId>,
        request: &'a NotifyRequest,
        encrypt: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<Suite>, &'a CallbackKeys)> {
        let is_signed = move |keys: &&CallbackKeys| {
            verify_signature(
                &keys.token,
                &request.timestamp,
                &request.nonce,
                encrypt,
                &request.msg_signature,
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
        let known = self.find_corp(suite, corp_id).await?;
        Ok(matches!(known, KnownCorp::Authorized))
    }

    pub(super) async fn find_corp(&self, suite: &Suite, corp_id: &CorpId) -> Result<KnownCorp> {
        let authorizations = &self.inner.authorizations;
        let resolved = authorizations.resolve(&suite.id, corp_id).await?;
        // A cancellation that WeCom has not confirmed may be undone, and a member who left meanwhile has left.
        Ok(match authorizations.find(&suite.id, &resolved).await? {
            None => KnownCorp::Unknown,
            Some(found)
                if found.status == AuthorizationStatus::Cancelled
                    && found.permanent_code.is_none() =>
            {
                KnownCorp::Ended
            }
            Some(_) => KnownCorp::Authorized,
        })
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
