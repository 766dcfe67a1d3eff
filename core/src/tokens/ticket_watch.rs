//! The warning that WeCom has not pushed a suite_ticket for longer than one is valid.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::EntityTrait as _;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::db::entity::suite::Entity;
use crate::domain::{SuiteId, Suites};
use crate::error::Result;
use crate::log_limiter::LogLimiter;

/// How long a suite_ticket is valid (D/97173).
const TICKET_TTL: Duration = Duration::from_mins(30);

/// Warns once a minute of each suite whose newest suite_ticket is too old.
#[derive(Debug)]
pub(crate) struct TicketWatch {
    store: Store,
    suites: Suites,
    /// A suite without any ticket is warned of so long after the start.
    started_at: Timestamp,
    warned: LogLimiter<SuiteId>,
}

impl TicketWatch {
    pub(crate) fn new(store: Store, suites: Suites) -> Self {
        Self {
            started_at: store.now(),
            warned: LogLimiter::new(Arc::clone(store.clock())),
            store,
            suites,
        }
    }

    /// Warns of the suites whose newest ticket is older than it is valid.
    pub(crate) async fn warn_of_missing(&self) -> Result<()> {
        for suite_id in self.suites.ids() {
            let row = Entity::find_by_id(suite_id.clone())
                .one(self.store.database())
                .await?;
            let since = row.and_then(|row| row.ticket_at).unwrap_or(self.started_at);
            let age = self.store.now().since(since);
            if age >= TICKET_TTL && self.warned.record(suite_id.clone()).is_some() {
                tracing::warn!(
                    target: "wecom_login", %suite_id, minutes = age.as_secs() / 60,
                    "no suite_ticket from WeCom: check the template's callback URL in the provider console, \
                     and push one there with 刷新ticket"
                );
            }
        }
        Ok(())
    }
}
