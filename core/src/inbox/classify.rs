//! The classification of a decrypted message: rejected, ignored, or an event to handle.

use crate::callback::{
    CorpEvent, EventError, EventErrorReason, Plaintext, SuiteEvent, content_hash, event_name,
    to_user_name,
};
use crate::domain::{CorpId, Suite};
use crate::error::Result;
use crate::hooks::{Notification, UnhandledEvent};
use crate::inbox::delivery::{Delivery, IncomingEvent};
use crate::inbox::receive_id::ReceiveId;
use crate::inbox::receiver::{CallbackReceiver, KnownCorp};

/// What a decrypted message is.
pub(super) enum Classified {
    /// Not for us, or not what it claims to be.
    Reject,
    /// To be stored.
    Accept(Box<IncomingEvent>),
}

impl CallbackReceiver {
    /// Classifies a message by its receiveid and its content.
    pub(super) async fn classify(&self, suite: &Suite, plain: &Plaintext) -> Result<Classified> {
        let (receive_id, message) = (plain.receive_id(), plain.message());
        let hash = content_hash(&suite.id, receive_id, message);
        let accept = |corp_id, event: String, delivery: Delivery| {
            let is_kept = matches!(delivery, Delivery::Ignore)
                && self.inner.notifications.keeps_unhandled_events();
            let unhandled = is_kept.then(|| {
                Notification::UnhandledEvent(UnhandledEvent {
                    suite_id: suite.id.clone(),
                    receive_id: receive_id.to_owned(),
                    event: Some(event.clone()).filter(|event| !event.is_empty()),
                    message: message.to_vec(),
                })
            });
            Classified::Accept(Box::new(IncomingEvent {
                suite_id: suite.id.clone(),
                corp_id,
                event,
                hash,
                ambiguous_suite: false,
                delivery,
                unhandled,
            }))
        };
        let ignore = |corp_id, event: Option<String>| {
            accept(corp_id, event.unwrap_or_default(), Delivery::Ignore)
        };

        let suite_event = |event: SuiteEvent| {
            let now = self.inner.store.now();
            let (corp_id, delivery) = Delivery::of_suite_event(&event, message, now);
            accept(corp_id, event.info_type, delivery)
        };

        let (corp_id, is_provider) = match ReceiveId::parse(receive_id, suite) {
            ReceiveId::Suite => {
                return Ok(match SuiteEvent::parse(message, &suite.id) {
                    Ok(event) => suite_event(event),
                    Err(error) if error.is_foreign() => Classified::Reject,
                    Err(error) => ignore(None, error.event),
                });
            }
            ReceiveId::Provider(provider) => {
                // The message has to name the suite: the provider has others.
                if let Ok(event) = SuiteEvent::parse(message, &suite.id)
                    && event.suite_id.is_some()
                {
                    return Ok(suite_event(event));
                }
                match to_user_name(message).filter(|corp_id| *corp_id != provider) {
                    Some(corp_id) if self.is_authorized(suite, &corp_id).await? => (corp_id, false),
                    _ => (provider, true),
                }
            }
            ReceiveId::Corp(corp_id) => (corp_id, false),
            ReceiveId::Empty | ReceiveId::Invalid => return Ok(Classified::Reject),
        };
        let known = self.find_corp(suite, &corp_id).await?;
        let is_known = matches!(known, KnownCorp::Authorized);
        Ok(
            match CorpEvent::parse(message, &self.named_corp(suite, &corp_id, message)) {
                Ok(event) if is_known || (!is_provider && matches!(known, KnownCorp::Unknown)) => {
                    let delivery = Delivery::of_corp_event(&event.kind, message);
                    // Of a corp that no authorization bears, it waits until one does.
                    let is_handled = !matches!(delivery, Delivery::Ignore);
                    accept(
                        (is_known || is_handled).then_some(corp_id),
                        event.event,
                        delivery,
                    )
                }
                Ok(event) => ignore(None, Some(event.event)),
                Err(_) if is_provider => match SuiteEvent::parse(message, &suite.id) {
                    Err(error) if error.is_foreign() => Classified::Reject,
                    _ => ignore(None, event_name(message)),
                },
                Err(error) if !error.is_foreign() && (is_known || names_its_corp(&error)) => {
                    ignore(is_known.then_some(corp_id), error.event)
                }
                Err(_) => Classified::Reject,
            },
        )
    }
}

impl CallbackReceiver {
    /// The corp that a message names, if it is the one of the receiveid by another of its ids.
    fn named_corp(&self, suite: &Suite, receive_id: &CorpId, message: &[u8]) -> CorpId {
        let aliases = self.inner.instances.aliases();
        to_user_name(message)
            .filter(|named| aliases.is_same(&suite.id, named, receive_id))
            .unwrap_or_else(|| receive_id.clone())
    }
}

/// Whether a message that is no event at least named the corp that its receiveid is.
fn names_its_corp(error: &EventError) -> bool {
    !matches!(
        error.reason,
        EventErrorReason::Unreadable
            | EventErrorReason::Missing("ToUserName")
            | EventErrorReason::Repeated("ToUserName")
            | EventErrorReason::IllFormed("ToUserName")
    )
}
