//! Sending: at once, and again after a while if that failed (D/96238).

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;
use wecom_login::Suite;

use super::{Delivery, Event, Outcome, Sealed, Target};
use crate::engine::Engine;

/// How much of an answer is read, and how much of it is remembered.
const ANSWER_READ: usize = 64 * 1024;
const ANSWER_KEPT: usize = 512;

/// Sends one request; never follows a redirect and keeps no connection.
#[derive(Clone, Debug)]
pub(crate) struct Client(hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// What an attempt brought: status and body, or why there is none.
type Answer = Result<(u16, String), String>;

impl Client {
    pub(crate) fn new() -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(0);
        Self(builder.build(connector))
    }

    /// One attempt, cut off after `limit`.
    pub(crate) async fn send(&self, sealed: &Sealed, limit: Duration) -> Answer {
        match tokio::time::timeout(limit, self.exchange(sealed)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
        }
    }

    async fn exchange(&self, sealed: &Sealed) -> Answer {
        let method = if sealed.body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(&sealed.url);
        request = request.header(header::USER_AGENT, "Mozilla/4.0").header(header::ACCEPT, "*/*");
        if sealed.body.is_some() {
            request = request.header(header::CONTENT_TYPE, sealed.content_type);
        }
        let body = Full::new(Bytes::from(sealed.body.clone().unwrap_or_default()));
        let request = request.body(body).map_err(|error| error.to_string())?;
        let response = self.0.request(request).await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_READ)
            .collect()
            .await
            .map_err(|error| reason(error.as_ref()))?;
        let text: String = String::from_utf8_lossy(&body.to_bytes()).chars().take(ANSWER_KEPT).collect();
        Ok((status, text))
    }
}

/// The innermost cause says most: "connection refused".
fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl Engine {
    /// Pushes an event and answers after the last attempt. A caller that goes away cancels nothing.
    pub(crate) async fn push(self: &Arc<Self>, event: Event) -> Delivery {
        let engine = Arc::clone(self);
        let task = tokio::spawn(async move { engine.deliver(&event).await });
        task.await.expect("a delivery does not panic")
    }

    async fn deliver(self: &Arc<Self>, event: &Event) -> Delivery {
        let (mut delivery, duplicate) = self.open(event);
        let (Some(suite), Some(target)) = (self.suite(&event.suite_id), self.target()) else {
            delivery.error = Some("no notify URL is set".to_owned());
            return self.close(delivery, Outcome::Failed);
        };
        match delivery.outcome {
            Outcome::Dropped => return self.close(delivery, Outcome::Dropped),
            Outcome::Held => {
                self.hold(delivery.clone(), event.clone());
                return self.close(delivery, Outcome::Held);
            }
            _ => {}
        }
        let delivery = self.send(suite, event, &target, delivery).await;
        if duplicate {
            let copy = Delivery { duplicate_of: Some(delivery.id), ..self.open_copy(event) };
            self.send(suite, event, &target, copy).await;
        }
        self.release(&target).await;
        delivery
    }

    /// Sends what the `reorder` switch kept back.
    pub(crate) async fn release(&self, target: &Target) {
        for (held, event) in self.take_held() {
            if let Some(suite) = self.suite(&event.suite_id) {
                self.send(suite, &event, target, held).await;
            }
        }
    }

    async fn send(&self, suite: &Suite, event: &Event, target: &Target, mut delivery: Delivery) -> Delivery {
        let (mut sealed, settings) =
            self.read(|world| (Sealed::event(world, suite, event, target), world.settings.clone()));
        let limit = Duration::from_millis(settings.delivery_timeout_ms);
        let started = Instant::now();
        let mut waits = settings.retry_delays_ms.iter();
        loop {
            let answer = self.client().send(&sealed, limit).await;
            delivery.attempts += 1;
            delivery.duration_ms = millis(started.elapsed());
            let again = match answer {
                Ok((status, text)) => {
                    delivery.status = Some(status);
                    delivery.answer = Some(text);
                    delivery.error = None;
                    status != 200 && settings.retry_non200
                }
                Err(error) => {
                    delivery.status = None;
                    delivery.answer = None;
                    delivery.error = Some(error);
                    true
                }
            };
            let Some(wait) = waits.next().filter(|_| again) else { break };
            self.close(delivery.clone(), Outcome::Sending);
            tokio::time::sleep(Duration::from_millis(*wait)).await;
            if settings.fresh_retries {
                sealed = self.read(|world| Sealed::event(world, suite, event, target));
            }
        }
        let outcome = if delivery.status == Some(200) { Outcome::Delivered } else { Outcome::Failed };
        self.close(delivery, outcome)
    }

    /// The check of the callback URL by GET: the delivery, and whether the right text came back within a second.
    pub(crate) async fn verify(&self, suite: &Suite, target: &Target) -> (Delivery, bool) {
        let (sealed, echo) = self.read(|world| Sealed::verification(world, suite, target));
        let mut delivery = self.change(|world| {
            let mut delivery = Delivery::new("verify", suite.id.as_str(), None, world.now());
            delivery.id = world.record(delivery.clone());
            delivery
        });
        let started = Instant::now();
        let answer = self.client().send(&sealed, Duration::from_secs(1)).await;
        delivery.attempts = 1;
        delivery.duration_ms = millis(started.elapsed());
        match answer {
            Ok((status, text)) => {
                delivery.status = Some(status);
                delivery.answer = Some(text);
            }
            Err(error) => delivery.error = Some(error),
        }
        let verified = delivery.status == Some(200) && delivery.answer.as_deref() == Some(&echo);
        let outcome = if verified { Outcome::Delivered } else { Outcome::Failed };
        (self.close(delivery, outcome), verified)
    }

    /// Records a new delivery and says what the switches do to it; the second value is `duplicate`.
    fn open(&self, event: &Event) -> (Delivery, bool) {
        self.change(|world| {
            let mut delivery = fresh(world, event);
            // A ticket is never kept back: it would wait for an event that waits for it.
            if world.settings.drop.take(event.name) {
                delivery.outcome = Outcome::Dropped;
            } else if event.name != "suite_ticket" && world.settings.reorder.take(event.name) {
                delivery.outcome = Outcome::Held;
            }
            let duplicate = world.settings.duplicate.take(event.name);
            delivery.id = world.record(delivery.clone());
            (delivery, duplicate)
        })
    }

    fn open_copy(&self, event: &Event) -> Delivery {
        self.change(|world| {
            let mut delivery = fresh(world, event);
            delivery.id = world.record(delivery.clone());
            delivery
        })
    }

    /// Writes down how far a delivery is.
    pub(super) fn close(&self, mut delivery: Delivery, outcome: Outcome) -> Delivery {
        delivery.outcome = outcome;
        self.change(|world| {
            if let Some(known) = world.deliveries.iter_mut().rev().find(|known| known.id == delivery.id) {
                known.clone_from(&delivery);
            }
        });
        delivery
    }

    /// Records a ticket that the timer pushes; `None` if the `drop` switch loses it.
    pub(super) fn open_ticket(&self, event: &Event) -> Option<Delivery> {
        let (delivery, _) = self.open(event);
        if delivery.outcome == Outcome::Dropped {
            self.close(delivery, Outcome::Dropped);
            return None;
        }
        Some(delivery)
    }
}

fn fresh(world: &crate::world::World, event: &Event) -> Delivery {
    let corp = event.corp.as_deref().and_then(|key| world.corp(key)).map(|corp| world.shown_corp_id(corp));
    Delivery::new(event.name, &event.suite_id, corp, world.now())
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
