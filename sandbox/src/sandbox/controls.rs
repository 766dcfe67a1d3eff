//! The operator's methods: notify URL, tickets, settings, faults, tokens, clock.

use std::time::Duration;

use serde_json::Value;

use super::Sandbox;
use crate::problem::Problem;
use crate::store::{Delivery, Fault, Settings};

impl Sandbox {
    /// Sets the callback URL of all further pushes; a suite_ticket is pushed to it at once.
    ///
    /// # Errors
    /// The text is not a URL, or the URL is not on this machine.
    pub fn set_notify(&self, url: &str) -> Result<(), Problem> {
        self.engine.set_notify(url)
    }

    /// Pushes a new suite_ticket.
    ///
    /// # Errors
    /// There is no such suite.
    pub async fn push_ticket(&self, suite_id: &str) -> Result<Delivery, Problem> {
        self.engine.push_ticket(suite_id).await
    }

    /// Verifies the callback URL by GET. The second value is whether the app echoed the right text.
    ///
    /// # Errors
    /// There is no such suite, or no callback URL.
    pub async fn verify(&self, suite_id: &str) -> Result<(Delivery, bool), Problem> {
        self.engine.verify(suite_id).await
    }

    /// Adds a fault.
    ///
    /// # Errors
    /// The fault has no effect, or names no API.
    pub fn fault(&self, fault: Fault) -> Result<(), Problem> {
        self.engine.add_fault(fault).map(drop)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.engine.clear_faults();
    }

    /// The current settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.engine.read(|store| store.settings.clone())
    }

    /// Changes settings, given as the JSON of `POST /sandbox/settings`.
    ///
    /// # Errors
    /// There is no such setting, or it does not accept that value.
    pub async fn change_settings(&self, changes: Value) -> Result<Settings, Problem> {
        self.engine.change_settings(&changes).await
    }

    /// Revokes all access tokens.
    pub fn expire_tokens(&self) {
        self.engine.expire_tokens();
    }

    /// Advances the sandbox's clock.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.engine
            .advance_clock(millis)
            .expect("a duration is not negative");
    }
}
