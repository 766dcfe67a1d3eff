//! The operator's actions on the sandbox: notify URL, settings, faults, tokens, clock.

use std::sync::Arc;

use serde_json::Value;

use crate::delivery::{AppContext, Event, NotifyUrl};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{Fault, Settings, Store, TokenSubject};

impl Engine {
    /// Sets the callback URL of all further pushes.
    pub(crate) fn set_notify(&self, url: &str) -> Result<(), Problem> {
        let url = NotifyUrl::parse(url, self.remote).map_err(Problem::bad_request)?;
        self.set_notify_url(url);
        Ok(())
    }

    /// Changes settings. Delayed pushes are sent once `reorder` is off, and `change_auth` to the apps
    /// that `disabled` disables or enables (D/100965).
    pub(crate) async fn change_settings(
        self: &Arc<Self>,
        changes: &Value,
    ) -> Result<Settings, Problem> {
        let (settings, events) = self.update(|store| {
            let settings = store
                .settings
                .merged_with(changes)
                .map_err(Problem::bad_request)?;
            let before = std::mem::replace(&mut store.settings, settings.clone());
            Ok((settings, events_of_disabling(store, &before)))
        })?;
        for event in events {
            self.push(event).await;
        }
        if settings.reorder.is_off()
            && let Some(notify_url) = self.notify_url()
        {
            self.send_delayed(&notify_url).await;
        }
        self.wake_ticket_timers();
        Ok(settings)
    }

    pub(crate) fn add_fault(&self, fault: Fault) -> Result<Vec<Fault>, Problem> {
        if let Some(reason) = fault.reject_reason() {
            return Err(Problem::bad_request(reason));
        }
        Ok(self.update(|store| {
            store.add_fault(fault);
            store.faults.clone()
        }))
    }

    pub(crate) fn clear_faults(&self) {
        self.update(|store| store.faults.clear());
    }

    /// Revokes all access tokens and returns their number.
    pub(crate) fn expire_tokens(&self) -> usize {
        self.update(|store| {
            let now = store.now();
            store.tokens.revoke(now, TokenSubject::is_access_token)
        })
    }

    /// Advances the clock and returns the new time.
    pub(crate) fn advance_clock(&self, millis: i64) -> Result<i64, Problem> {
        if millis < 0 {
            return Err(Problem::bad_request("the clock cannot be set back"));
        }
        let now = self.update(|store| {
            store.clock_offset_ms = store.clock_offset_ms.saturating_add(millis);
            store.now()
        });
        self.wake_ticket_timers();
        Ok(now)
    }
}

/// The `change_auth` of every installed app that the `disabled` setting has disabled or enabled.
fn events_of_disabling(store: &Store, before: &Settings) -> Vec<Event> {
    let corps = store
        .corps
        .iter()
        .filter(|corp| before.disabled.includes(corp) != store.settings.disabled.includes(corp));
    corps
        .flat_map(|corp| {
            corp.installed_apps()
                .filter(|app| !app.disabled)
                .map(|app| Event::change_auth(&AppContext::new(store, corp, app)))
        })
        .collect()
}
