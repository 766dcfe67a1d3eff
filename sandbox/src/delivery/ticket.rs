//! The suite_ticket: pushed at the start until it is taken, and then every ten minutes (D/97173).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wecom_login::Suite;

use super::push::millis;
use super::{Outcome, Sealed, Target};
use crate::engine::Engine;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pushes the tickets of one suite for ever.
pub(crate) async fn keep_pushing(engine: Arc<Engine>, suite: Suite) {
    let mut woken = engine.woken();
    let mut taken_by: Option<Target> = None;
    let mut due = 0;
    loop {
        woken.borrow_and_update();
        let (now, period) = engine.read(|world| (world.now(), world.settings.ticket_period_ms));
        let target = engine.target().filter(|_| period > 0);
        let wait = match target {
            None => Duration::from_secs(3_600),
            Some(target) if taken_by.as_ref() != Some(&target) || now >= due => {
                due = now.saturating_add(period);
                push(&engine, &suite, &target, due).await;
                taken_by = Some(target);
                continue;
            }
            Some(_) => Duration::from_millis(u64::try_from(due - now).unwrap_or(0)),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = woken.changed() => {}
        }
    }
}

/// One ticket, until it is taken, the next one is due, or the app's URL changes. It stays one delivery, however
/// often it is tried.
async fn push(engine: &Arc<Engine>, suite: &Suite, target: &Target, due: i64) {
    let event = engine.new_ticket(suite);
    let Some(mut delivery) = engine.open_ticket(&event) else { return };
    let mut woken = engine.woken();
    let mut pause = FIRST_PAUSE;
    let started = Instant::now();
    loop {
        let (sealed, limit) = engine.read(|world| {
            let limit = Duration::from_millis(world.settings.delivery_timeout_ms);
            (Sealed::event(world, suite, &event, target), limit)
        });
        let answer = engine.client().send(&sealed, limit).await;
        delivery.attempts += 1;
        delivery.duration_ms = millis(started.elapsed());
        match answer {
            Ok((status, text)) => {
                delivery.status = Some(status);
                delivery.answer = Some(text);
                delivery.error = None;
            }
            Err(error) => {
                delivery.status = None;
                delivery.answer = None;
                delivery.error = Some(error);
            }
        }
        if delivery.succeeded() {
            engine.close(delivery, Outcome::Delivered);
            return;
        }
        delivery = engine.close(delivery, Outcome::Failed);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = woken.changed() => {}
        }
        if engine.target().as_ref() != Some(target) || engine.read(|world| world.now()) >= due {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
