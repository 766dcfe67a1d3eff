//! WeCom's callbacks as they arrive: signature, then decryption, then receiveid, then the inbox, then `success`
//! (D/96211, D/97172). The work comes after the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::authorization::Authorizations;
use crate::callback::query::Signed;
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
use crate::hooks::{Hooks, UnhandledEvent};
use crate::inbox::delivery::{corp_work, suite_work};
use crate::inbox::store::{Arrival, Inbox, Work};

/// WeCom waits a second for the answer (D/100965); this leaves some for the way.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);
/// So many callbacks are stored at the same time; the others wait their turn within the answer's time.
const AT_ONCE: usize = 32;

/// What a callback is answered. Every answer is `text/plain; charset=utf-8` with `nosniff` and a policy that lets
/// nothing run, since a plaintext is reflected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `success`, the plaintext of a URL check, or nothing.
    pub body: Bytes,
}

impl NotifyAnswer {
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
pub(crate) struct Notify(Arc<Inner>);

struct Inner {
    suites: Suites,
    instances: Instances,
    inbox: Inbox,
    authorizations: Authorizations,
    hooks: Arc<dyn Hooks>,
    store: Store,
    room: Semaphore,
    runtime: Handle,
    tasks: TaskTracker,
}

/// What a plaintext turned out to be.
enum Reading {
    /// Not ours, or not as it claims: the one refusal.
    Refused,
    /// To be stored and, unless it is ignored, carried out.
    Arrived(Box<(Arrival, Option<UnhandledEvent>)>),
}

impl Notify {
    pub(crate) fn new(
        suites: Suites,
        instances: Instances,
        inbox: Inbox,
        authorizations: Authorizations,
        hooks: Arc<dyn Hooks>,
        store: Store,
        (runtime, tasks): (Handle, TaskTracker),
    ) -> Self {
        let room = Semaphore::new(AT_ONCE);
        Self(Arc::new(Inner {
            suites,
            instances,
            inbox,
            authorizations,
            hooks,
            store,
            room,
            runtime,
            tasks,
        }))
    }

    /// The check of a URL that is entered in the provider console: answers the plaintext of `echostr` (D/96238).
    ///
    /// GET and POST are signed alike, so a captured POST sent as `echostr` would come back decrypted if the plaintext
    /// of any shape were answered.
    pub(crate) async fn get(&self, scope: Option<&SuiteId>, query: &str) -> NotifyAnswer {
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.check_url(scope, query)).await;
        answer.unwrap_or_else(|_| NotifyAnswer::refusal(500))
    }

    async fn check_url(&self, scope: Option<&SuiteId>, query: &str) -> NotifyAnswer {
        let Some(signed) = Signed::from_query(query, true) else {
            return NotifyAnswer::refusal(400);
        };
        for (suite, keys) in self.signers(scope, &signed, &signed.echostr) {
            let Ok(plain) = decrypt(&keys.encoding_aes_key, &signed.echostr) else {
                continue;
            };
            let echo = plain.message();
            if !std::str::from_utf8(echo).is_ok_and(is_plain_id) {
                continue;
            }
            match self.may_check_url(suite, plain.receive_id()).await {
                Ok(true) => {
                    return NotifyAnswer {
                        status: 200,
                        body: Bytes::copy_from_slice(echo),
                    };
                }
                Ok(false) => {}
                Err(_) => return NotifyAnswer::refusal(500),
            }
        }
        NotifyAnswer::refusal(403)
    }

    /// A pushed event.
    pub(crate) async fn post(
        &self,
        scope: Option<&SuiteId>,
        query: &str,
        body: &[u8],
    ) -> NotifyAnswer {
        let Some(signed) = Signed::from_query(query, false) else {
            return NotifyAnswer::refusal(400);
        };
        let Ok(envelope) = Envelope::parse(body) else {
            return NotifyAnswer::refusal(400);
        };
        let mut arrived = Vec::new();
        let stored = async {
            let Ok(_room) = self.0.room.acquire().await else {
                return Ok::<_, Error>(());
            };
            let mut readings = Vec::new();
            for (suite, keys) in self.signers(scope, &signed, &envelope.encrypt) {
                let Ok(plain) = decrypt(&keys.encoding_aes_key, &envelope.encrypt) else {
                    continue;
                };
                if let Reading::Arrived(arrived_as) = self.read(suite, &plain).await? {
                    readings.push(*arrived_as);
                }
            }
            let ambiguous_suite = fits_several_suites(&readings);
            for (arrival, told) in readings {
                let new = self
                    .keep(Arrival {
                        ambiguous_suite,
                        ..arrival
                    })
                    .await?;
                arrived.push(told.filter(|_| new));
            }
            Ok(())
        };
        match tokio::time::timeout(ANSWER_WITHIN, stored).await {
            Ok(Ok(())) if arrived.is_empty() => NotifyAnswer::refusal(403),
            Ok(Ok(())) => {
                for event in arrived.into_iter().flatten() {
                    let hooks = Arc::clone(&self.0.hooks);
                    self.0.tasks.spawn_on(
                        async move { hooks.unhandled_event(event).await },
                        &self.0.runtime,
                    );
                }
                NotifyAnswer::success()
            }
            // Not stored, or not in time: WeCom pushes it again.
            Ok(Err(error)) => {
                tracing::error!(target: "wecom_login", ?error, "a callback could not be stored");
                NotifyAnswer::refusal(500)
            }
            Err(_) => {
                tracing::error!(target: "wecom_login", "a callback was not stored in time");
                NotifyAnswer::refusal(500)
            }
        }
    }

    /// The suites whose token signed this, each with the keys to decrypt it, each pair of keys once a suite.
    fn signers<'a>(
        &'a self,
        scope: Option<&'a SuiteId>,
        signed: &'a Signed<'_>,
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
                        &signed.timestamp,
                        &signed.nonce,
                        encrypt,
                        &signed.msg_signature,
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
    async fn read(&self, suite: &Suite, plain: &Plaintext) -> Result<Reading> {
        let (receive_id, message) = (plain.receive_id(), plain.message());
        let now = self.0.store.now();
        let hash = content_hash(&suite.id, receive_id, message);
        let arrived = |corp_id, event: String, work: Work| {
            let told = matches!(work, Work::Ignored).then(|| UnhandledEvent {
                suite_id: suite.id.clone(),
                receive_id: receive_id.to_owned(),
                event: Some(event.clone()).filter(|event| !event.is_empty()),
                message: message.to_vec(),
            });
            let arrival = Arrival {
                suite_id: suite.id.clone(),
                corp_id,
                event,
                hash,
                ambiguous_suite: false,
                work,
            };
            Reading::Arrived(Box::new((arrival, told)))
        };
        let ignored = |corp_id, event: Option<String>| {
            arrived(corp_id, event.unwrap_or_default(), Work::Ignored)
        };

        if receive_id == suite.id.as_str() {
            return Ok(match SuiteEvent::parse(message, &suite.id) {
                Ok(event) => {
                    let (corp_id, work) = suite_work(&event, message, now);
                    arrived(corp_id, event.info_type, work)
                }
                Err(error) if error.is_foreign() => Reading::Refused,
                Err(error) => ignored(None, error.event),
            });
        }
        let is_provider = suite
            .provider_corp_id
            .as_ref()
            .is_some_and(|provider| provider.as_str() == receive_id);
        let Ok(corp_id) = CorpId::new(receive_id) else {
            return Ok(Reading::Refused);
        };
        let is_known = self.is_authorized(suite, &corp_id).await?;
        Ok(match CorpEvent::parse(message, &corp_id) {
            Ok(event) if is_known => {
                let work = corp_work(&event.kind, message);
                arrived(Some(corp_id), event.event, work)
            }
            Ok(event) => ignored(None, Some(event.event)),
            Err(_) if is_provider => match SuiteEvent::parse(message, &suite.id) {
                Err(error) if error.is_foreign() => Reading::Refused,
                _ => ignored(None, event_name(message)),
            },
            Err(error) if !error.is_foreign() && (is_known || names_its_corp(&error)) => {
                ignored(is_known.then_some(corp_id), error.event)
            }
            Err(_) => Reading::Refused,
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
    async fn keep(&self, arrival: Arrival) -> Result<bool> {
        let inbox = self.0.inbox.clone();
        let kept = self
            .0
            .runtime
            .spawn(async move { inbox.keep(arrival).await })
            .await;
        kept.map_err(|_| Error::new(ErrorKind::Internal, "storing a callback was cut off"))?
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notify")
    }
}

/// Whether an app event is of a company that authorised several suites with these keys: which of them it is about is a
/// guess then.
fn fits_several_suites(readings: &[(Arrival, Option<UnhandledEvent>)]) -> bool {
    let mut acting = readings
        .iter()
        .map(|(arrival, _)| arrival)
        .filter(|arrival| !matches!(arrival.work, Work::Ignored));
    let first = acting.next().map(|arrival| &arrival.suite_id);
    acting.any(|arrival| Some(&arrival.suite_id) != first)
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
