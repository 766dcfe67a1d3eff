//! An administrator's actions on an app: install, change, disable, cancel, reset its secret, migrate its
//! ids.

use std::sync::Arc;

use super::{find_corp, installed_app};
use crate::delivery::{AppContext, Event};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{App, AppStatus, Delivery, IdForm, Promotion, Store, TokenSubject};

/// The agent id of the first suite's app; each further suite has the next one.
const FIRST_AGENT_ID: i64 = 1_000_002;

/// How an administrator authorizes an app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Installation {
    /// Else the suite whose instance pins the corp, else the first one.
    pub(crate) suite_id: Option<String>,
    /// The `state` of the link.
    pub(crate) state: Option<String>,
    /// The registration code of a promotion link; without it, the link is a customized one.
    pub(crate) register_code: Option<String>,
    /// The form of the app's ids, instead of that of the `installIds` setting.
    pub(crate) ids: Option<IdForm>,
}

/// Identifies an app in the store.
struct AppKey {
    corp_key: String,
    suite_id: String,
}

impl Engine {
    /// The agent id of a suite's app, the same in every corp.
    pub(crate) fn agent_id(&self, suite_id: &str) -> i64 {
        let index = self
            .suites
            .iter()
            .position(|suite| suite.id.as_str() == suite_id)
            .unwrap_or(0);
        FIRST_AGENT_ID + i64::try_from(index).unwrap_or(0)
    }

    /// Installs an app, or installs it again with a new permanent code: `create_auth`.
    pub(crate) async fn install(
        self: &Arc<Self>,
        corp_id: &str,
        installation: Installation,
    ) -> Result<Delivery, Problem> {
        let event = self.update(|store| {
            let corp = find_corp(store, corp_id)?;
            let corp_key = corp.key.clone();
            let suite_id = self.suite_to_install(&corp_key, installation.suite_id.as_deref())?;
            let encrypted = match installation.ids {
                Some(form) => corp.uses_open_ids(form),
                None => corp.encrypts_new_app(&suite_id, store.settings.install_ids),
            };
            let (state, promotion) = match installation.register_code {
                Some(register_code) => {
                    let state = installation.state.unwrap_or_default();
                    (
                        None,
                        Some(Promotion {
                            register_code,
                            state,
                        }),
                    )
                }
                None => (installation.state, None),
            };
            let app = App {
                suite_id: suite_id.clone(),
                agent_id: self.agent_id(&suite_id),
                status: AppStatus::Authorized,
                permanent_code: crate::random::url_safe(64),
                state,
                promotion,
                disabled: false,
                encrypted: Some(encrypted),
            };
            let key = AppKey { corp_key, suite_id };
            let now = store.now();
            let subject = TokenSubject::App(key.corp_key.clone(), key.suite_id.clone());
            store.tokens.revoke(now, |issued_to| *issued_to == subject);
            discard_auth_codes(store, &key);
            if let Some(corp) = store.corp_mut(&key.corp_key) {
                corp.apps.retain(|app| app.suite_id != key.suite_id);
                corp.apps.push(app);
                corp.apps.sort_by_key(|app| app.agent_id);
            }
            let code = store.new_auth_code(&key.corp_key, &key.suite_id);
            event_about(store, &key, |app| Event::create_auth(app, &code))
        })?;
        Ok(self.push(event).await)
    }

    /// Changes the authorization in an unspecified way: `change_auth`.
    pub(crate) async fn change_authorization(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        self.change_app(corp_id, suite_id, |store, key| {
            event_about(store, key, Event::change_auth)
        })
        .await
    }

    /// Disables or enables the app: `change_auth` (D/100965).
    pub(crate) async fn set_disabled(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
        disabled: bool,
    ) -> Result<Delivery, Problem> {
        self.change_app(corp_id, suite_id, |store, key| {
            if let Some(app) = app_mut(store, key) {
                app.disabled = disabled;
            }
            event_about(store, key, Event::change_auth)
        })
        .await
    }

    /// Migrates the app to encrypted ids, without an event, and returns the corp's new id.
    pub(crate) fn migrate(&self, corp_id: &str, suite_id: Option<&str>) -> Result<String, Problem> {
        self.update(|store| {
            let corp = find_corp(store, corp_id)?;
            let open_id = corp.open_id.clone();
            let key = AppKey {
                corp_key: corp.key.clone(),
                suite_id: installed_app(self, corp, suite_id)?.suite_id.clone(),
            };
            if let Some(app) = app_mut(store, &key) {
                app.encrypted = Some(true);
            }
            Ok(open_id)
        })
    }

    /// Cancels the authorization: `cancel_auth`.
    pub(crate) async fn cancel(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        self.change_app(corp_id, suite_id, |store, key| {
            discard_auth_codes(store, key);
            if let Some(app) = app_mut(store, key) {
                app.status = AppStatus::Cancelled;
            }
            event_about(store, key, Event::cancel_auth)
        })
        .await
    }

    /// Resets the app's secret: the old permanent code is invalid at once, and
    /// `reset_permanent_code` brings the AuthCode for the new one (D/97175). Access tokens stay
    /// valid.
    pub(crate) async fn reset_secret(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
    ) -> Result<Delivery, Problem> {
        self.change_app(corp_id, suite_id, |store, key| {
            if let Some(app) = app_mut(store, key) {
                app.permanent_code = crate::random::url_safe(64);
            }
            let code = store.new_auth_code(&key.corp_key, &key.suite_id);
            event_about(store, key, |app| Event::reset_permanent_code(app, &code))
        })
        .await
    }

    /// Changes an installed app and pushes the event that `change` returns.
    async fn change_app(
        self: &Arc<Self>,
        corp_id: &str,
        suite_id: Option<&str>,
        change: impl FnOnce(&mut Store, &AppKey) -> Result<Event, Problem>,
    ) -> Result<Delivery, Problem> {
        let event = self.update(|store| {
            let corp = find_corp(store, corp_id)?;
            let suite_id = installed_app(self, corp, suite_id)?.suite_id.clone();
            let key = AppKey {
                corp_key: corp.key.clone(),
                suite_id,
            };
            change(store, &key)
        })?;
        Ok(self.push(event).await)
    }

    /// The suite that a request names; else the suite whose instance pins the corp; else the first
    /// one.
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
        suite
            .map(|suite| suite.id.as_str().to_owned())
            .ok_or_else(|| Problem::not_found("no such suite"))
    }
}

fn app_mut<'a>(store: &'a mut Store, key: &AppKey) -> Option<&'a mut App> {
    store.corp_mut(&key.corp_key)?.app_mut(&key.suite_id)
}

fn discard_auth_codes(store: &mut Store, key: &AppKey) {
    store
        .auth_codes
        .retain(|_, code| code.corp_key != key.corp_key || code.suite_id != key.suite_id);
}

fn event_about(
    store: &Store,
    key: &AppKey,
    event: impl FnOnce(&AppContext<'_>) -> Event,
) -> Result<Event, Problem> {
    let corp = find_corp(store, &key.corp_key)?;
    let app = corp
        .app(&key.suite_id)
        .ok_or_else(|| Problem::not_found("no such app"))?;
    Ok(event(&AppContext::new(store, corp, app)))
}
