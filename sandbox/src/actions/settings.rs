//! The operator's actions on the sandbox: notify URL, settings, faults, tokens, clock.

use serde_json::Value;

use crate::delivery::NotifyUrl;
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{Fault, Settings};

impl Engine {
    /// Sets the callback URL of all further pushes.
    pub(crate) fn set_notify(&self, url: &str) -> Result<(), Problem> {
        let url = NotifyUrl::parse(url, self.remote).map_err(Problem::bad_request)?;
        self.set_notify_url(url);
        Ok(())
    }

    /// Changes settings. Delayed pushes are sent once `reorder` is off.
    pub(crate) async fn change_settings(&self, changes: &Value) -> Result<Settings, Problem> {
        let settings = self.update(|store| {
            store.settings = store
                .settings
                .merged_with(changes)
                .map_err(Problem::bad_request)?;
            Ok(store.settings.clone())
        })?;
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
            store.tokens.revoke(now, |_| true)
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
