//! What an administrator does with an app: install, change, cancel, reset its secret.

use std::sync::Arc;

use super::{corp, installed};
use crate::delivery::{Delivery, Event};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::world::{App, AppStatus, Holder};

/// Agent ids are counted from here, one for each suite.
const FIRST_AGENT: i64 = 1_000_002;

impl Engine {
    /// The agent id that a suite's app has, or will have, in every company.
    pub(crate) fn agent_id(&self, suite_id: &str) -> i64 {
        let place = self.suites.iter().position(|suite| suite.id.as_str() == suite_id).unwrap_or(0);
        FIRST_AGENT + i64::try_from(place).unwrap_or(0)
    }

    /// Installs an app, anew if it is there already: a new permanent code, and `create_auth`.
    pub(crate) async fn install(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
        state: Option<String>,
    ) -> Result<Delivery, Problem> {
        let event = self.change(|world| {
            let key = corp(world, corp_id)?.key.clone();
            let suite_id = self.suite_to_install(&key, suite_id)?;
            let agent_id = self.agent_id(&suite_id);
            let app = App {
                suite_id: suite_id.clone(),
                agent_id,
                status: AppStatus::Authorized,
                permanent_code: crate::random::text(64),
                state: state.clone(),
            };
            let now = world.now();
            let owner = Holder::App(key.clone(), suite_id.clone());
            world.tokens.kill(now, |holder| *holder == owner);
            world.exchange_codes.retain(|_, code| code.corp != key || code.suite_id != suite_id);
            if let Some(corp) = world.corp_mut(&key) {
                corp.apps.retain(|app| app.suite_id != suite_id);
                corp.apps.push(app);
                corp.apps.sort_by_key(|app| app.agent_id);
            }
            let code = world.new_exchange_code(&key, &suite_id);
            Ok(Event::create_auth(&suite_id, &key, &code, state.as_deref(), now))
        })?;
        Ok(self.push(event).await)
    }

    /// The suite that a request names; else the one whose instance pins the company; else the first.
    fn suite_to_install(&self, corp_key: &str, suite_id: Option<&str>) -> Result<String, Problem> {
        let suite = match suite_id {
            Some(id) => self.suite(id),
            None => self
                .pins
                .iter()
                .find(|(_, corp)| corp == corp_key)
                .and_then(|(suite, _)| self.suite(suite))
                .or_else(|| self.suites.first()),
        };
        suite.map(|suite| suite.id.as_str().to_owned()).ok_or_else(|| Problem::unknown("no such suite"))
    }

    /// Changes something about the authorisation: `change_auth`.
    pub(crate) async fn change_authorization(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let event = self.read(|world| {
            let corp = corp(world, corp_id)?;
            let app = installed(self, corp, suite_id)?;
            let shown = world.shown_corp_id(corp);
            Ok(Event::change_auth(&app.suite_id, &corp.key, &shown, app.state.as_deref(), world.now()))
        })?;
        Ok(self.push(event).await)
    }

    /// Cancels the authorisation: `cancel_auth`.
    pub(crate) async fn cancel(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let event = self.change(|world| {
            let corp = corp(world, corp_id)?;
            let (key, shown) = (corp.key.clone(), world.shown_corp_id(corp));
            let suite_id = installed(self, corp, suite_id)?.suite_id.clone();
            world.exchange_codes.retain(|_, code| code.corp != key || code.suite_id != suite_id);
            if let Some(app) = world.corp_mut(&key).and_then(|corp| corp.app_mut(&suite_id)) {
                app.status = AppStatus::Cancelled;
            }
            Ok(Event::cancel_auth(&suite_id, &key, &shown, world.now()))
        })?;
        Ok(self.push(event).await)
    }

    /// Resets the app's secret: the old permanent code is dead at once, and `reset_permanent_code` brings
    /// the AuthCode for the new one (D/97175). Access tokens live on.
    pub(crate) async fn reset_secret(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        let event = self.change(|world| {
            let corp = corp(world, corp_id)?;
            let key = corp.key.clone();
            let suite_id = installed(self, corp, suite_id)?.suite_id.clone();
            if let Some(app) = world.corp_mut(&key).and_then(|corp| corp.app_mut(&suite_id)) {
                app.permanent_code = crate::random::text(64);
            }
            let code = world.new_exchange_code(&key, &suite_id);
            Ok(Event::reset_permanent_code(&suite_id, &key, &code, world.now()))
        })?;
        Ok(self.push(event).await)
    }
}
