//! The suite_ticket timer: pushes a ticket until the app accepts it, and the next one every ten
//! minutes (D/97173).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wecom_login::Suite;

use super::push::accept;
use super::{CallbackRequest, NotifyUrl};
use crate::engine::Engine;
use crate::store::Outcome;

const MIN_RETRY_DELAY: Duration = Duration::from_millis(250);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

/// With tickets disabled or no notify URL, the timer sleeps this long or until it is woken.
const IDLE_DELAY: Duration = Duration::from_secs(3_600);

/// Pushes the tickets of one suite; never returns.
pub(crate) async fn run_ticket_timer(engine: Arc<Engine>, suite: Suite) {
    let mut wakeups = engine.subscribe_wakeups();
    let mut pushed_to: Option<NotifyUrl> = None;
    let mut due = 0;
    loop {
        wakeups.borrow_and_update();
        let (now, period) = engine.read(|store| (store.now(), store.settings.ticket_period_ms));
        let notify_url = engine.notify_url().filter(|_| period > 0);
        let delay = match notify_url {
            None => IDLE_DELAY,
            Some(url) if pushed_to.as_ref() != Some(&url) || now >= due => {
                due = now.saturating_add(period);
                push_until_accepted(&engine, &suite, &url, due).await;
                pushed_to = Some(url);
                continue;
            }
            Some(_) => Duration::from_millis(u64::try_from(due - now).unwrap_or(0)),
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = wakeups.changed() => {}
        }
    }
}

/// Pushes one ticket until the app accepts it, the next one is due, or the notify URL changes. All
/// attempts are one delivery.
async fn push_until_accepted(engine: &Engine, suite: &Suite, notify_url: &NotifyUrl, due: i64) {
    let event = engine.new_ticket(suite);
    let Some(mut delivery) = engine.begin_ticket(&event) else {
        return;
    };
    let mut wakeups = engine.subscribe_wakeups();
    let mut delay = MIN_RETRY_DELAY;
    let started = Instant::now();
    loop {
        let (request, settings) = engine.read(|store| {
            (
                CallbackRequest::for_event(store, suite, &event, notify_url),
                store.settings.clone(),
            )
        });
        let timeout = Duration::from_millis(settings.delivery_timeout_ms);
        let attempted = Instant::now();
        let result = engine.client().send(&request, timeout).await;
        delivery.record_attempt(result, started.elapsed());
        if accept(&mut delivery, &event, attempted.elapsed(), &settings) {
            engine.set_outcome(delivery, Outcome::Delivered);
            return;
        }
        delivery = engine.set_outcome(delivery, Outcome::Failed);
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = wakeups.changed() => {}
        }
        if engine.notify_url().as_ref() != Some(notify_url)
            || engine.read(|store| store.now()) >= due
        {
            return;
        }
        delay = (delay * 2).min(MAX_RETRY_DELAY);
    }
}
