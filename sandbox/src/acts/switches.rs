//! Switches, faults, tokens and the clock.

use std::sync::Arc;

use serde_json::Value;

use crate::delivery::{Delivery, Target};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::world::{Fault, Settings};

impl Engine {
    /// Pushes a new suite_ticket.
    pub(crate) async fn push_ticket(self: &Arc<Self>, suite_id: &str) -> Result<Delivery, Problem> {
        let suite = self.suite(suite_id).ok_or_else(|| Problem::unknown("no such suite"))?;
        let event = self.new_ticket(suite);
        Ok(self.push(event).await)
    }

    /// Checks the callback URL by GET; the second value is whether the right text came back.
    pub(crate) async fn check_url(&self, suite_id: &str) -> Result<(Delivery, bool), Problem> {
        let suite = self.suite(suite_id).ok_or_else(|| Problem::unknown("no such suite"))?;
        let target = self.target().ok_or_else(|| Problem::conflict("no notify URL is set"))?;
        Ok(self.verify(suite, &target).await)
    }

    /// Tells where pushes go from now on.
    pub(crate) fn set_notify(&self, url: &str) -> Result<(), Problem> {
        let target = Target::parse(url, self.remote).map_err(Problem::bad)?;
        self.set_target(target);
        Ok(())
    }

    /// Changes switches. What `reorder` kept back is sent once it is off.
    pub(crate) async fn change_settings(&self, changes: &Value) -> Result<Settings, Problem> {
        let settings = self.change(|world| {
            world.settings = world.settings.with(changes).map_err(Problem::bad)?;
            Ok(world.settings.clone())
        })?;
        if settings.reorder.is_off()
            && let Some(target) = self.target()
        {
            self.release(&target).await;
        }
        self.wake();
        Ok(settings)
    }

    pub(crate) fn add_fault(&self, fault: Fault) -> Result<Vec<Fault>, Problem> {
        if let Some(trouble) = fault.trouble() {
            return Err(Problem::bad(trouble));
        }
        Ok(self.change(|world| {
            world.add_fault(fault);
            world.faults.clone()
        }))
    }

    pub(crate) fn clear_faults(&self) {
        self.change(|world| world.faults.clear());
    }

    /// Every access token dies early; says how many did.
    pub(crate) fn expire_tokens(&self) -> usize {
        self.change(|world| {
            let now = world.now();
            world.tokens.kill(now, |_| true)
        })
    }

    /// Moves the clock on and says what time it is then.
    pub(crate) fn advance(&self, millis: i64) -> Result<i64, Problem> {
        if millis < 0 {
            return Err(Problem::bad("the clock goes forward only"));
        }
        let now = self.change(|world| {
            world.clock_offset_ms = world.clock_offset_ms.saturating_add(millis);
            world.now()
        });
        self.wake();
        Ok(now)
    }
}
