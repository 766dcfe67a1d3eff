//! The operator's actions on a suite: push a ticket, verify the callback URL.

use std::sync::Arc;

use wecom_login::Suite;

use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::Delivery;

impl Engine {
    /// Pushes a new suite_ticket.
    pub(crate) async fn push_ticket(self: &Arc<Self>, suite_id: &str) -> Result<Delivery, Problem> {
        let event = self.new_ticket(self.find_suite(suite_id)?);
        Ok(self.push(event).await)
    }

    /// Verifies the callback URL by GET. The second value is whether the app echoed the right text.
    pub(crate) async fn verify(&self, suite_id: &str) -> Result<(Delivery, bool), Problem> {
        let suite = self.find_suite(suite_id)?;
        let notify_url = self
            .notify_url()
            .ok_or_else(|| Problem::conflict("no notify URL is set"))?;
        Ok(self.verify_url(suite, &notify_url).await)
    }

    fn find_suite(&self, suite_id: &str) -> Result<&Suite, Problem> {
        self.suite(suite_id)
            .ok_or_else(|| Problem::not_found("no such suite"))
    }
}
