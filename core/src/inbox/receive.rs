//! WeCom's callbacks as they arrive: signature, then decryption, then receiveid, then the inbox, then `success`
//! (D/96211, D/97172). The work comes after the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::authorization::Authorizations;
use crate::callback::query::CallbackQuery;
use crate::callback::{
    CorpEvent, Envelope, EventError, EventErrorReason, Plaintext, SuiteEvent, content_hash,
    decrypt, event_name, verify_signature,
};
use crate::db::Store;
use crate::domain::AuthorizationStatus;
use crate::domain::CallbackKeys;
use crate::domain::{CorpId, SuiteId, is_plain_id};
use crate::domain::{Suite, Suites};
use crate::element::Instances;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{DynHooks, UnhandledEvent};
use crate::inbox::delivery::{corp_delivery, suite_delivery};
use crate::inbox::store::{Delivery, Inbox, IncomingEvent};
use crate::task_runner::TaskRunner;

/// WeCom waits a second for the answer (D/100965); this leaves some for the way.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(800);
/// So many callbacks are stored at the same time; the others wait their turn within the answer's time.
const MAX_CONCURRENT_STORES: usize = 32;

/// What a callback is answered. Every answer is `text/plain; charset=utf-8` with `nosniff` and a policy that lets
/// nothing run, since a plaintext is reflected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyResponse {
    /// The HTTP status.
    pub status: u16,
    /// `success`, the plaintext of a URL check, or nothing.
    pub body: Bytes,
}

impl NotifyResponse {
    /// The methods that a callback may have.
    pub(crate) const METHODS: &[&str] = &["GET", "HEAD", "POST"];

    const HEADERS: [(&'static str, &'static str); 4] = [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'"),
        ("cache-control", "no-store"),
    ];

    /// The headers to answer with, their names in lower case: what every answer has, and `Allow` for a method that is
    /// none of a callback's.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let allow = (self.status == 405).then(|| ("allow", Self::METHODS.join(", ")));
        Self::HEADERS
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .chain(allow)
            .collect()
    }

    pub(crate) const fn refusal(status: u16) -> Self {
        Self {
            status,
            body: Bytes::new(),
        }
    }

    const fn success() -> Self {
        Self {
            status: 200,
            body: Bytes::from_static(b"success"),
        }
    }
}

#[derive(Clone)]
pub(crate) struct CallbackReceiver(Arc<Inner>);

struct Inner {
    suites: Suites,
    instances: Arc<Instances>,
    inbox: Inbox,
    authorizations: Authorizations,
    hooks: Arc<dyn DynHooks>,
    store: Store,
    permits: Semaphore,
    tasks: TaskRunner,
}

/// What a plaintext turned out to be.
enum Classified {
    /// Not ours, or not as it claims: the one refusal.
    Reject,
    /// To be stored and, unless it is ignored, carried out.
    Accept(Box<(IncomingEvent, Option<UnhandledEvent>)>),
}

impl CallbackReceiver {
    pub(crate) fn new(
        suites: Suites,
        instances: Arc<Instances>,
        inbox: Inbox,
        authorizations: Authorizations,
        hooks: Arc<dyn DynHooks>,
        store: Store,
        tasks: TaskRunner,
    ) -> Self {
        let permits = Semaphore::new(MAX_CONCURRENT_STORES);
        Self(Arc::new(Inner {
            suites,
            instances,
            inbox,
            authorizations,
            hooks,
            store,
            permits,
            tasks,
        }))
    }

    /// The check of a URL that is entered in the provider console: answers the plaintext of `echostr` (D/96238).
    ///
    /// GET and POST are signed alike, so a captured POST sent as `echostr` would come back decrypted if the plaintext
    /// of any shape were answered.
    pub(crate) async fn check_url(&self, scope: Option<&SuiteId>, query: &str) -> NotifyResponse {
        let answer =
            tokio::time::timeout(RESPONSE_TIMEOUT, self.answer_url_check(scope, query)).await;
        answer.unwrap_or_else(|_| NotifyResponse::refusal(500))
    }

    async fn answer_url_check(&self, scope: Option<&SuiteId>, query: &str) -> NotifyResponse {
        let Some(query) = CallbackQuery::parse(query, true) else {
            return NotifyResponse::refusal(400);
        };
        for (suite, keys) in self.matching_suites(scope, &query, &query.echostr) {
            let Ok(plain) = decrypt(&keys.encoding_aes_key, &query.echostr) else {
                continue;
            };
            let echo = plain.message();
            if !std::str::from_utf8(echo).is_ok_and(is_plain_id) {
                continue;
            }
            match self.may_check_url(suite, plain.receive_id()).await {
                Ok(true) => {
                    return NotifyResponse {
                        status: 200,
                        body: Bytes::copy_from_slice(echo),
                    };
                }
                Ok(false) => {}
                Err(_) => return NotifyResponse::refusal(500),
            }
        }
        NotifyResponse::refusal(403)
    }

    /// A pushed event.
    pub(crate) async fn receive(
        &self,
        scope: Option<&SuiteId>,
        query: &str,
        body: &[u8],
    ) -> NotifyResponse {
        let Some(query) = CallbackQuery::parse(query, false) else {
            return NotifyResponse::refusal(400);
        };
        let Ok(envelope) = Envelope::parse(body) else {
            return NotifyResponse::refusal(400);
        };
        let mut arrived = Vec::new();
        let stored = async {
            let Ok(_permit) = self.0.permits.acquire().await else {
                return Ok::<_, Error>(());
            };
            let mut readings = Vec::new();
            for (suite, keys) in self.matching_suites(scope, &query, &envelope.encrypt) {
                let Ok(plain) = decrypt(&keys.encoding_aes_key, &envelope.encrypt) else {
                    continue;
                };
                if let Classified::Accept(accepted) = self.classify(suite, &plain).await? {
                    readings.push(*accepted);
                }
            }
            let ambiguous_suite = fits_several_suites(&readings);
            for (event, told) in readings {
                let new = self
                    .store(IncomingEvent {
                        ambiguous_suite,
                        ..event
                    })
                    .await?;
                arrived.push(told.filter(|_| new));
            }
            Ok(())
        };
        match tokio::time::timeout(RESPONSE_TIMEOUT, stored).await {
            Ok(Ok(())) if arrived.is_empty() => NotifyResponse::refusal(403),
            Ok(Ok(())) => {
                for event in arrived.into_iter().flatten() {
                    let hooks = Arc::clone(&self.0.hooks);
                    drop(
                        self.0
                            .tasks
                            .spawn(async move { hooks.unhandled_event(event).await }),
                    );
                }
                NotifyResponse::success()
            }
            // Not stored, or not in time: WeCom pushes it again.
            Ok(Err(error)) => {
                tracing::error!(target: "wecom_login", ?error, "a callback could not be stored");
                NotifyResponse::refusal(500)
            }
            Err(_) => {
                tracing::error!(target: "wecom_login", "a callback was not stored in time");
                NotifyResponse::refusal(500)
            }
        }
    }

    /// The suites whose token signed this, each with the keys to decrypt it, each pair of keys once a suite.
    fn matching_suites<'a>(
        &'a self,
        scope: Option<&'a SuiteId>,
        query: &'a CallbackQuery<'_>,
        encrypt: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<Suite>, &'a CallbackKeys)> {
        let suites = self
            .0
            .suites
            .iter()
            .filter(move |suite| scope.is_none_or(|scope| *scope == suite.id));
        suites.flat_map(move |suite| {
            suite
                .callback_keys
                .iter()
                .filter(move |keys| {
                    verify_signature(
                        &keys.token,
                        &query.timestamp,
                        &query.nonce,
                        encrypt,
                        &query.msg_signature,
                    )
                })
                .map(move |keys| (suite, keys))
        })
    }

    async fn may_check_url(&self, suite: &Suite, receive_id: &str) -> Result<bool> {
        if receive_id == suite.id.as_str() {
            return Ok(true);
        }
        let corp_id = CorpId::new(receive_id).ok();
        let pinned = |corp_id: &CorpId| {
            self.0
                .instances
                .suites_pinned_to(corp_id)
                .contains(&suite.id)
        };
        if corp_id.as_ref().is_some_and(pinned) {
            return Ok(true);
        }
        let Some(provider) = &suite.provider_corp_id else {
            return Ok(receive_id.is_empty() || corp_id.is_some());
        };
        match corp_id {
            Some(corp_id) => Ok(corp_id == *provider || self.is_authorized(suite, &corp_id).await?),
            None => Ok(false),
        }
    }

    /// The receiveid decides what a message may do: the suite's, events of that suite; a company's, events of that
    /// company.
    async fn classify(&self, suite: &Suite, plain: &Plaintext) -> Result<Classified> {
        let (receive_id, message) = (plain.receive_id(), plain.message());
        let now = self.0.store.now();
        let hash = content_hash(&suite.id, receive_id, message);
        let arrived = |corp_id, event: String, delivery: Delivery| {
            let told = matches!(delivery, Delivery::Ignore).then(|| UnhandledEvent {
                suite_id: suite.id.clone(),
                receive_id: receive_id.to_owned(),
                event: Some(event.clone()).filter(|event| !event.is_empty()),
                message: message.to_vec(),
            });
            let event = IncomingEvent {
                suite_id: suite.id.clone(),
                corp_id,
                event,
                hash,
                ambiguous_suite: false,
                delivery,
            };
            Classified::Accept(Box::new((event, told)))
        };
        let ignored = |corp_id, event: Option<String>| {
            arrived(corp_id, event.unwrap_or_default(), Delivery::Ignore)
        };

        if receive_id == suite.id.as_str() {
            return Ok(match SuiteEvent::parse(message, &suite.id) {
                Ok(event) => {
                    let (corp_id, delivery) = suite_delivery(&event, message, now);
                    arrived(corp_id, event.info_type, delivery)
                }
                Err(error) if error.is_foreign() => Classified::Reject,
                Err(error) => ignored(None, error.event),
            });
        }
        let is_provider = suite
            .provider_corp_id
            .as_ref()
            .is_some_and(|provider| provider.as_str() == receive_id);
        let Ok(corp_id) = CorpId::new(receive_id) else {
            return Ok(Classified::Reject);
        };
        let is_known = self.is_authorized(suite, &corp_id).await?;
        Ok(match CorpEvent::parse(message, &corp_id) {
            Ok(event) if is_known => {
                let delivery = corp_delivery(&event.kind, message);
                arrived(Some(corp_id), event.event, delivery)
            }
            Ok(event) => ignored(None, Some(event.event)),
            Err(_) if is_provider => match SuiteEvent::parse(message, &suite.id) {
                Err(error) if error.is_foreign() => Classified::Reject,
                _ => ignored(None, event_name(message)),
            },
            Err(error) if !error.is_foreign() && (is_known || names_its_corp(&error)) => {
                ignored(is_known.then_some(corp_id), error.event)
            }
            Err(_) => Classified::Reject,
        })
    }

    async fn is_authorized(&self, suite: &Suite, corp_id: &CorpId) -> Result<bool> {
        let found = self.0.authorizations.find(&suite.id, corp_id).await?;
        // A cancellation that WeCom has not confirmed may be taken back, and who left meanwhile has left.
        Ok(found.is_some_and(|found| {
            found.status != AuthorizationStatus::Cancelled || found.permanent_code.is_some()
        }))
    }

    /// Spawned: what was begun is finished, even if the answer's time runs out.
    async fn store(&self, event: IncomingEvent) -> Result<bool> {
        let inbox = self.0.inbox.clone();
        let kept = self
            .0
            .tasks
            .runtime()
            .spawn(async move { inbox.store(event).await })
            .await;
        kept.map_err(|_| Error::new(ErrorKind::Internal, "storing a callback was cut off"))?
    }
}

impl fmt::Debug for CallbackReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackReceiver")
    }
}

/// Whether an app event is of a company that authorised several suites with these keys: which of them it is about is a
/// guess then.
fn fits_several_suites(readings: &[(IncomingEvent, Option<UnhandledEvent>)]) -> bool {
    let mut acting = readings
        .iter()
        .map(|(event, _)| event)
        .filter(|event| !matches!(event.delivery, Delivery::Ignore));
    let first = acting.next().map(|event| &event.suite_id);
    acting.any(|event| Some(&event.suite_id) != first)
}

/// Whether a message that is no event at least named the company that its receiveid is.
fn names_its_corp(error: &EventError) -> bool {
    !matches!(
        error.reason,
        EventErrorReason::Unreadable
            | EventErrorReason::Missing("ToUserName")
            | EventErrorReason::Repeated("ToUserName")
            | EventErrorReason::IllFormed("ToUserName")
    )
}
