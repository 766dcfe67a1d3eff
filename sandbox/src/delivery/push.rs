//! The delivery of one push: at once, and again after delays if that failed (D/96238).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wecom_login::Suite;

use super::{CallbackRequest, Event, NotifyUrl};
use crate::engine::Engine;
use crate::store::{Delivery, Outcome, Settings, Store};

/// How long the app may take to answer the URL verification (D/96238).
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(1);

impl Engine {
    /// Pushes an event and returns after the last attempt. The delivery continues if the caller is
    /// cancelled.
    pub(crate) async fn push(self: &Arc<Self>, event: Event) -> Delivery {
        let engine = Arc::clone(self);
        let task = tokio::spawn(async move { engine.deliver(&event).await });
        task.await.expect("a delivery does not panic")
    }

    /// Sends the pushes that the `reorder` setting has delayed.
    pub(crate) async fn send_delayed(&self, notify_url: &NotifyUrl) {
        for (delivery, event) in self.drain_delayed() {
            if let Some(suite) = self.suite(&event.suite_id) {
                self.send(suite, &event, notify_url, delivery).await;
            }
        }
    }

    /// Verifies the callback URL by GET. Returns the delivery, and whether the app echoed the right
    /// text in time.
    pub(crate) async fn verify_url(
        &self,
        suite: &Suite,
        notify_url: &NotifyUrl,
    ) -> (Delivery, bool) {
        let (request, echo) =
            self.read(|store| CallbackRequest::for_verification(store, suite, notify_url));
        let mut delivery = self.update(|store| {
            let mut delivery = Delivery::new("verify", suite.id.as_str(), None, store.now());
            store.record_delivery(&mut delivery);
            delivery
        });
        let started = Instant::now();
        let result = self.client().send(&request, VERIFICATION_TIMEOUT).await;
        delivery.record_attempt(result, started.elapsed());
        let verified = delivery.status == Some(200) && delivery.answer.as_deref() == Some(&echo);
        let outcome = if verified {
            Outcome::Delivered
        } else {
            Outcome::Failed
        };
        (self.set_outcome(delivery, outcome), verified)
    }

    /// Stores the progress of a delivery.
    pub(super) fn set_outcome(&self, mut delivery: Delivery, outcome: Outcome) -> Delivery {
        delivery.outcome = outcome;
        self.update(|store| {
            if let Some(known) = store
                .deliveries
                .iter_mut()
                .rev()
                .find(|known| known.id == delivery.id)
            {
                known.clone_from(&delivery);
            }
        });
        delivery
    }

    /// Records a ticket that the timer pushes; `None` if the `drop` setting discards it.
    pub(super) fn begin_ticket(&self, event: &Event) -> Option<Delivery> {
        let (delivery, _) = self.begin(event);
        if delivery.outcome == Outcome::Dropped {
            self.set_outcome(delivery, Outcome::Dropped);
            return None;
        }
        Some(delivery)
    }

    async fn deliver(&self, event: &Event) -> Delivery {
        let (mut delivery, duplicate) = self.begin(event);
        let (Some(suite), Some(notify_url)) = (self.suite(&event.suite_id), self.notify_url())
        else {
            delivery.error = Some("no notify URL is set".to_owned());
            return self.set_outcome(delivery, Outcome::Failed);
        };
        match delivery.outcome {
            Outcome::Dropped => return self.set_outcome(delivery, Outcome::Dropped),
            Outcome::Held => {
                self.delay(delivery.clone(), event.clone());
                return self.set_outcome(delivery, Outcome::Held);
            }
            _ => {}
        }
        let delivery = self.send(suite, event, &notify_url, delivery).await;
        if duplicate {
            let copy = Delivery {
                duplicate_of: Some(delivery.id),
                ..self.begin_duplicate(event)
            };
            self.send(suite, event, &notify_url, copy).await;
        }
        self.send_delayed(&notify_url).await;
        delivery
    }

    async fn send(
        &self,
        suite: &Suite,
        event: &Event,
        notify_url: &NotifyUrl,
        mut delivery: Delivery,
    ) -> Delivery {
        let (mut request, settings) = self.read(|store| {
            (
                CallbackRequest::for_event(store, suite, event, notify_url),
                store.settings.clone(),
            )
        });
        let timeout = Duration::from_millis(settings.delivery_timeout_ms);
        let started = Instant::now();
        let mut delays = settings.retry_delays_ms.iter();
        loop {
            let attempted = Instant::now();
            let result = self.client().send(&request, timeout).await;
            delivery.record_attempt(result, started.elapsed());
            let accepted = accept(&mut delivery, event, attempted.elapsed(), &settings);
            let retry = match delivery.status {
                Some(_) => !accepted && settings.retry_non200,
                None => true,
            };
            let Some(delay) = delays.next().filter(|_| retry) else {
                let outcome = if accepted {
                    Outcome::Delivered
                } else {
                    Outcome::Failed
                };
                return self.set_outcome(delivery, outcome);
            };
            self.set_outcome(delivery.clone(), Outcome::Sending);
            tokio::time::sleep(Duration::from_millis(*delay)).await;
            if settings.fresh_retries {
                request =
                    self.read(|store| CallbackRequest::for_event(store, suite, event, notify_url));
            }
        }
    }

    /// Records a new delivery and applies the `drop` and `reorder` settings. The second value is
    /// `duplicate`.
    fn begin(&self, event: &Event) -> (Delivery, bool) {
        self.update(|store| {
            let mut delivery = new_delivery(store, event);
            // A delayed ticket would wait for an event that itself waits for the ticket.
            if store.settings.drop.select(event.name) {
                delivery.outcome = Outcome::Dropped;
            } else if event.name != "suite_ticket" && store.settings.reorder.select(event.name) {
                delivery.outcome = Outcome::Held;
            }
            let duplicate = store.settings.duplicate.select(event.name);
            store.record_delivery(&mut delivery);
            (delivery, duplicate)
        })
    }

    fn begin_duplicate(&self, event: &Event) -> Delivery {
        self.update(|store| {
            let mut delivery = new_delivery(store, event);
            store.record_delivery(&mut delivery);
            delivery
        })
    }
}

/// Whether the last attempt of a delivery, which took `elapsed`, was answered as WeCom requires. Else
/// the delivery says why.
pub(super) fn accept(
    delivery: &mut Delivery,
    event: &Event,
    elapsed: Duration,
    settings: &Settings,
) -> bool {
    if delivery.status != Some(200) {
        return false;
    }
    if !settings.strict_answers {
        return true;
    }
    let answer = delivery.answer.as_deref().unwrap_or_default();
    // An app event may be answered with an empty body or an encrypted reply (D/96466).
    let is_reply = answer.is_empty() || answer.contains("<Encrypt>");
    if answer != "success" && !(event.is_app_event && is_reply) {
        delivery.error = Some("the body is not `success`".to_owned());
        return false;
    }
    let limit = Duration::from_millis(settings.auth_answer_ms);
    if event.is_authorization_event() && elapsed > limit {
        delivery.error = Some(format!(
            "answered after {} ms, the limit is {} ms",
            elapsed.as_millis(),
            settings.auth_answer_ms
        ));
        return false;
    }
    true
}

fn new_delivery(store: &Store, event: &Event) -> Delivery {
    let corp = event.corp_key.as_deref().and_then(|key| store.corp(key));
    let corp_id = corp.map(|corp| {
        corp.public_id(store.id_form_in(corp, &event.suite_id))
            .to_owned()
    });
    Delivery::new(event.name, &event.suite_id, corp_id, store.now())
}
